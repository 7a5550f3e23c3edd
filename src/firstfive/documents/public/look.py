"""How the status page looks: its style and its templates.

Read by `page`. Values are put in by the template engine, which escapes every one; colours reach 4.5:1 on their ground, light and dark.
"""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --paper: #f7f6f3; --card: #fff; --ink: #1b2025; --soft: #555d65; --line: #d9d6cf; --link: #0b5394;
  --good: #17623a; --warn: #6b5200; --bad: #a8121c; --cell: #9fc9b1; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #101417; --card: #181d21; --ink: #e9e7e2; --soft: #a6aeb6; --line: #2c3339; --link: #8fc1f2;
    --good: #7fd3a2; --warn: #e8cb6b; --bad: #ff9a92; --cell: #2f5a43; } }
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere; font-variant-numeric: tabular-nums;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
header, main, footer { max-width: 46rem; margin: 0 auto; padding: 1rem; }
header { padding-top: 2rem; }
h1, h2, h3, p, ol, ul, dl { margin: 0; padding: 0; }
ol, ul { list-style: none; }
h1 { font-size: 1.5rem; line-height: 1.2; text-wrap: balance; }
h2 { font-size: 1.1rem; margin-bottom: .5rem; }
h3 { font-size: 1rem; }
a { color: var(--link); text-underline-offset: .15em; }
nav a, footer a { display: inline-block; padding: .7rem 0; margin-right: 1rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
section + section { margin-top: 2rem; }
.state { padding: 1rem; border-radius: 8px; border: 1px solid var(--line); border-left: 8px solid var(--good); background: var(--card);
  font-size: 1.15rem; font-weight: 650; }
.state.minor { border-left-color: var(--warn); } .state.major, .state.critical { border-left-color: var(--bad); }
.soft { color: var(--soft); font-size: .9rem; font-weight: 400; }
.card { padding: 1rem; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
.card + .card { margin-top: 1rem; }
.notes li { margin-top: .9rem; padding-left: .8rem; border-left: 3px solid var(--line); }
time { white-space: nowrap; }
.state + .soft { margin-top: .4rem; }
.word { display: inline-block; font-weight: 650; } .word::first-letter { text-transform: uppercase; }
.text { white-space: pre-line; }
.parts li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: .6rem 0;
  border-top: 1px solid var(--line); }
.parts li:first-child { border-top: 0; }
.operational::before { content: "\\2713\\00a0"; } .degraded_performance::before { content: "\\25B3\\00a0"; }
.partial_outage::before { content: "\\2715\\00a0"; }
.operational { color: var(--good); } .degraded_performance { color: var(--warn); } .partial_outage { color: var(--bad); }
.strip { display: flex; gap: 1px; height: 2rem; margin-bottom: .25rem; }
.strip span { flex: 1 1 0; min-width: 0; background: var(--cell); border-radius: 1px; }
.strip .past { background: var(--warn); } .strip .open { background: var(--bad); }
.ends { display: flex; justify-content: space-between; }
.days > li { padding: .6rem 0; border-top: 1px solid var(--line); }
.days .quiet { color: var(--soft); }
@media (forced-colors: active) { .strip .past, .strip .open { background: CanvasText; } .strip span { border: 1px solid GrayText; } }
"""

FORM_STYLE = """
main > * + * { margin-top: 1rem; }
form { display: grid; gap: 1rem; justify-items: start; }
label { display: grid; gap: .25rem; width: 100%; }
fieldset { width: 100%; margin: 0; padding: 0; border: 0; }
legend { padding: 0; margin-bottom: .25rem; }
legend, form > label { font-weight: 650; }
select, textarea { font-weight: 400; }
.choice { display: grid; grid-template-columns: 1.5rem 1fr; align-items: center; gap: .75rem; min-height: 44px; padding: .35rem 0;
  border-top: 1px solid var(--line); }
.choice input { width: 1.4rem; height: 44px; margin: 0; accent-color: var(--link); }
input { min-height: 44px; }
select, textarea, button { font-family: inherit; font-size: 1rem; min-height: 44px; color: var(--ink); }
select, textarea { width: 100%; padding: .5rem .65rem; border: 1px solid var(--soft); border-radius: 6px; background: var(--card); }
button { padding: .5rem 1.5rem; border: 0; border-radius: 6px; background: var(--ink); color: var(--paper);
  font-weight: 650; cursor: pointer; }
.soft { margin-top: -.75rem; }
.away { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
"""

FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ csp }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{{ title|line }}</title>
<link rel="alternate" type="application/atom+xml" title="{{ name|line }}" href="{{ up }}history.atom">
<style>{{ style }}</style>
</head>
<body>
{% block whole %}{% endblock %}
<footer class="soft">
<p>All times are UTC.</p>
<p><a href="{{ up }}history.atom">Follow by feed (Atom)</a> <a href="{{ up }}api/v2/summary.json">As data (JSON)</a></p>
</footer>
</body>
</html>
"""

PIECES = """
{% macro notes(incident) %}
<ol class="notes">
{% for note in incident.notes|reverse %}
<li><p><span class="word">{{ note.status }}</span> <span class="soft">{{ note.at|spoken }}</span></p>
<p class="text">{{ note.text|visible }}</p></li>
{% endfor %}
</ol>
{% endmacro %}
{% macro span(incident) -%}
{{ incident.began|spoken }}{% if incident.over %} to {{ incident.over|spoken }}{% endif %}
{%- endmacro %}
"""

INDEX = """{% extends "frame" %}
{% import "pieces" as pieces %}
{% block whole %}
<header><h1>{{ name|line }}</h1></header>
<main>
<section aria-label="Now">
<p class="state {{ page.indicator }}">{{ page.headline }}</p>
{% if page.incidents %}<p class="soft">Last word: {{ page.changed|spoken }}</p>{% endif %}
{% if report %}<nav aria-label="Tell us"><a href="{{ report }}">Something does not work? Tell us</a></nav>{% endif %}
</section>
{% if page.open %}
<section aria-label="What is wrong">
<h2>What is wrong</h2>
{% for incident in page.open %}
<article class="card">
<h3><a href="incidents/{{ incident.id }}.html">{{ incident.title|line }}</a></h3>
{{ pieces.notes(incident) }}
</article>
{% endfor %}
</section>
{% endif %}
{% if components %}
<section aria-label="Parts">
<h2>Parts</h2>
<ul class="parts card">
{% for name, health, words in components %}
<li><span>{{ name|line }}</span> <span class="{{ health }}">{{ words }}</span></li>
{% endfor %}
</ul>
</section>
{% endif %}
<section aria-label="The last 90 days">
<h2>The last {{ strip|length }} days</h2>
<div class="strip" role="img" aria-label="{{ troubled }} of the last {{ strip|length }} days had a problem; the list below names them">
{% for mark in strip %}<span{% if mark %} class="{{ mark }}"{% endif %}></span>{% endfor %}
</div>
<p class="soft ends"><span>{{ first }}</span><span>today</span></p>
<ol class="days">
{% for span in spans %}
{% if span.incidents %}
<li><h3>{{ span.title }}</h3>
<ul>
{% for incident in span.incidents %}
<li><a href="incidents/{{ incident.id }}.html">{{ incident.title|line }}</a>
<span class="soft">{{ incident.status }}, {{ pieces.span(incident) }}</span></li>
{% endfor %}
</ul></li>
{% else %}
<li class="quiet">{{ span.title }}: no problem reported.</li>
{% endif %}
{% endfor %}
</ol>
</section>
</main>
{% endblock %}
"""

INCIDENT = """{% extends "frame" %}
{% import "pieces" as pieces %}
{% block whole %}
<header>
<nav aria-label="Back"><a href="../index.html">{{ name|line }}</a></nav>
<h1>{{ incident.title|line }}</h1>
<p class="soft">{{ pieces.span(incident) }}</p>
</header>
<main>
<section class="card" aria-label="What was said">
<h2>What was said</h2>
{{ pieces.notes(incident) }}
</section>
</main>
{% endblock %}
"""
