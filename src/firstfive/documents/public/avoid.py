"""What must not stand in a text for customers: one rule a row, with the reason and what to write instead.

Read by `wording`. Patterns are matched without regard to case on one-line English with typed quotes. A row that raises a false alarm is
mended here, with a sentence in its table of tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What to look for, why it must not go out, and what to write instead. An `early` one holds only until it is resolved."""

    pattern: re.Pattern[str]
    why: str
    rewrite: str
    early: bool = False

    def hits(self, text: str) -> Iterator[re.Match[str]]:
        """Every place where it stands."""
        return self.pattern.finditer(text)


def _rule(why: str, rewrite: str, *patterns: str, early: bool = False, exact: bool = False) -> Rule:
    joined = "|".join(rf"(?:{pattern})" for pattern in patterns)
    flags = re.NOFLAG if exact else re.IGNORECASE
    return Rule(pattern=re.compile(rf"(?<![\w-])(?:{joined})(?![\w])", flags), why=why, rewrite=rewrite, early=early)


_WE = r"(?:we|we're|we are|our team|i)"
_BACK = r"(?:back|up|fixed|sorted(?: out)?|solved|resolved|restored|repaired|working|available|online|done|over|ready|normal|live|stable)"
_SOFT = r"(?:now |currently |still |also |all |fully |completely |already )*"

SPECULATION = (
    _rule(
        "it is a guess",
        "say only what was seen: “We are investigating.”",
        rf"{_WE} {_SOFT}(?:strongly )?(?:think|believe|suspect|guess|assume|presume|reckon|fear|feel)(?:ing)?(?: that)?",
        rf"{_WE} {_SOFT}(?:quite |fairly |pretty )?(?:confident|sure|optimistic)",
        r"(?:best|educated) guess(?:es)?|(?<!not )(?<!never )(?<!no )guess(?:es|ing|work)?",
        r"(?:most |very |quite |highly )?(?:un)?likely",
        r"probabl[ey]|possibly|perhaps|maybe|presumabl[ey]|supposedl?y?|apparently|hopefully",
        r"potentially|potential (?:cause|issue|problem|fix|loss)|conceivably|arguably",
        r"(?:might|may|could) (?:well |also |just )?(?:have been|be) (?:a|an|the|due|caused|related|linked|because|something|some|another)",
        r"might (?:be|have)",
        r"(?:it |this |that )?(?:just )?(?:looks?|seems?|sounds?|feels?) (?:like|as if|as though)",
        r"(?:it |this |that |there )?(?:seem|seems|seemed)(?: to)?",
        r"appear(?:s|ed)? (?:to be|to have|that|as if|related|linked|due)",
        r"as far as (?:we|i) (?:can (?:tell|see|judge)|know|are aware)",
        r"to the best of our knowledge|we (?:do not|don't) (?:think|believe)|in all likelihood",
        r"our (?:theory|hypothesis|hunch)",
        r"should (?:now |again |all )*(?:be )?(?:fine|ok|okay|safe|good|working|unaffected|stable)(?: again| now)*",
        r"(?:we|i) hope(?: that| to)?|fingers crossed|(?:good |fair |small |slim )?chances? (?:that|are|is)",
        r"(?:things |it |everything )(?:is |are )?look(?:s|ing)? (?:better|good|fine|stable|promising)",
    ),
)

BLAME = (
    _rule(
        "it names somebody else, and to the reader it is our problem",
        "leave them out: say what does not work for the reader",
        r"(?<!your )(?<!own )(?<!e-mail )(?<!email )providers?|(?:our|their|an?) e-?mail providers?",
        r"(?:our |the |a |an )?vendors?|suppliers?|sub-?contractors?|contractors?",
        r"third[ -]part(?:y|ies)|3rd[ -]part(?:y|ies)|upstream",
        r"external (?:party|partner|company|service|system)",
        r"(?:hosting|payment|cloud|telecom|network) (?:company|processor)",
        r"(?:bank(?:ing)?|payment|hosting|cloud|delivery|shipping|technology|service|network|telecom) partners?",
        r"data ?cent(?:er|re)s?",
        r"(?:on|at) (?:their|its) (?:side|end)|their (?:side|end)",
        r"(?:our|their|its|whose|your|not our|no one's|nobody's) fault|at fault|to blame|blame[sd]?",
        r"let us down",
    ),
    _rule(
        "it names a company",
        "leave the name out: say what does not work for the reader",
        r"aws|amazon web services|azure|google cloud|gcp|cloudflare|fastly|akamai|hetzner|ovh(?:cloud)?",
        r"digital ?ocean|linode|vultr",
        r"stripe|adyen|mollie|braintree|shkeeper|twilio|sendgrid|mailgun|postmark|mailchimp|sparkpost",
        r"sentry|datadog|auth0|okta|heroku|vercel|netlify|let's encrypt",
        # What people choose themselves, to pay or to sign in with, may be named as their choice.
        r"(?<!with )(?<!by )(?<!via )(?<!through )(?<!from )(?<!to )"
        r"(?:amazon|google|microsoft|apple|facebook|github|gitlab|paypal|klarna|visa|mastercard)"
        r"(?! pay\b)(?: (?:is|are|has|have|does|did|was|were|had|could))",
    ),
    _rule(
        "it points at a person",
        "leave people out: say what changed for the reader",
        r"(?:human|operator|user|manual|staff|engineer) (?:error|mistake|failure|fault)",
        r"(?:an?|one of (?:our|the)|some of our) (?:junior |senior |new |on-call )?"
        r"(?:engineer|developer|sysadmin|colleague|employee|intern|technician|programmer|team member)s?",
        r"(?:engineers?|developers?|admins?|administrators?|operators?|colleagues?|employees?|interns?|we)"
        r" (?:accidentally )?(?:made (?:an? |the )?(?:mistakes?|errors?)"
        r"|deleted|pushed|broke|forgot|caused|missed)",
        r"some(?:one|body) (?:on|in|from|at) (?:our|the|their) \w+",
        r"some(?:one|body) (?:here )?(?:deleted|changed|pushed|broke|forgot|made|caused|pulled|unplugged)",
        r"careless(?:ly|ness)?|negligen(?:t|ce)|sloppy|incompeten(?:t|ce)",
    ),
)

CAUSES = (
    _rule(
        "it names a cause before it is over",
        "leave the cause for after the end: “We are investigating the cause.”",
        r"(?:is |was |were |are |being |been )?(?:caused|triggered|provoked|induced|brought about) by",
        r"because(?: of)?|due to|owing to|on account of|resulting from",
        r"(?:as a|is the|was the|are the|were the) (?:result|consequence) of",
        r"result(?:s|ed) from",
        r"following (?:a|an|the|our) (?:change|release|update|deploy\w*|upgrade|migration|maintenance)",
        r"(?:stem(?:s|med)?|originat(?:es|ed)|aris(?:es)?|arose) (?:from|in)",
        r"(?:the |a |our )?root[ -]causes?",
        r"(?:the )?(?:cause|reason|culprit|trigger|explanation|source)"
        r"(?: of [\w ]{1,40}?| for [\w ]{1,40}?)? (?:is|was|has been|turned out|lies)(?! (?:not|un|still|being|under))",
        r"(?:found|identified|determined|located|traced|discovered|pinpointed|now know) (?:\w+ ){0,2}?"
        r"(?:cause|reason|culprit|source|bug|issue|problem)(?: to)?",
        r"traced (?:it |this )?(?:back )?to|(?:is|are|was) (?:to do with|related to|linked to)",
        early=True,
    ),
)

ESTIMATES = (
    _rule(
        "it is an estimate, and the next update is the only time to promise",
        "leave the estimate out: “We'll post the next update by HH:MM UTC.”",
        r"(?:should|will|shall|'ll|ought to|is going to|are going to|is set to) (?:be |have (?:it|this|that|everything) |get )?"
        r"(?:all |fully |completely |again )*"
        rf"{_BACK}(?: again)?(?: (?:in|within|by|before|at|from)(?: about| around)? [\w: ]{{1,12}}?"
        r"(?:minutes?|mins?|hours?|days?|noon|midnight|utc|today|tonight|tomorrow|\d))?",
        r"(?:it |this |that )?(?:won't|will not|should not|shouldn't) (?:take|last|be) (?:very |too |much |so )?long(?:er)?",
        r"(?:it |this |that )?(?:will|should|'ll) (?:only |just )?(?:take|last) (?:about |around |another |up to )*"
        r"[\w ]{1,20}?(?:minutes?|mins?|hours?|days?)",
        r"(?:will|should|'ll) (?:resume|return to|recover|come back|clear|settle|start working|work again|go away|improve)",
        r"(?:a|the|our) (?:fix|solution|repair|patch|workaround) (?:(?:will|should)(?: be)?"
        r"|is (?:coming|on its way|expected|due|under way|underway))",
        r"(?:fixed|solved|resolved|restored|repaired|done|back|over|finished|completed?) (?:by|before|within|in) (?:about |around |the )*"
        r"(?:noon|midnight|tonight|tomorrow|today|\d[\d:.]*|an? |one |few |next )\w*",
        r"(?:we|we're|we are|is|are|it is|it's) (?:now |currently )?expect(?:s|ed|ing)?(?: (?:to|that|this|it|a|the|full|normal))?",
        r"eta|etr|(?:we|our|current|best) estimat(?:e|es|ed|ing|ion)|estimated (?:time|duration|recovery|repair|to|end)",
        r"anticipat(?:e|ed|ing)|forecast(?:ed|ing)?|time to (?:repair|fix|recover\w*)",
        r"(?:very |quite )?(?<!as )soon(?! as)(?:er|est)?",
        r"as (?:soon|quickly|fast) as (?:possible|we can)|shortly|any (?:minute|moment|second|time) now",
        r"asap|momentarily|in no time|before long|in a (?:bit|moment|minute|while|second)",
        r"(?:almost|nearly|just about|close to) (?:being )?(?:done|fixed|there|finished|over|back|ready|complete|solved|resolved)",
        r"(?:a |only a |just a )?(?:matter|question) of (?:seconds|minutes|hours)",
        r"(?:just |only )?(?:a )?(?:few|couple of) more (?:minutes|hours)",
        r"(?:by|before) (?:the end of the day|end of day|eod|close of business|tonight|tomorrow)",
    ),
)

INTERNAL = (
    _rule(
        "it is an address or a name of the inside",
        "name what people use: checkout, sign-in, messages",
        r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?:/\d{1,2})?",
        r"(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}|[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*::(?:[0-9a-f]{1,4})?",
        r"localhost(?::\d+)?",
        r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.(?:internal|local|lan|localdomain|svc|cluster|intra|corp|home|test|prod|staging)(?:\.[a-z0-9-]+)*",
        r"(?:prod|staging|stage|node|worker|web|app|db|api|cache|queue|host|srv|vm|ip|lb|k8s|master|replica|primary|mail|redis|mongo|edge)(?:-[a-z]+)*-?\d+(?:[-.][a-z0-9]+)*",
        r"(?:[a-z0-9]+-)+(?:backend|frontend|api|worker|db|database|mongo(?:db)?|redis|postgres|mysql|nginx|proxy|cache|svc|cron|rabbitmq|celery|prod)(?:-[a-z0-9]+)*",
        r"[a-z0-9]+(?:_[a-z0-9]+)+(?!@)",
        r"\w+@(?:prod|web|db|app|host|srv|localhost)[\w.-]*",
    ),
    _rule(
        "it is a word of the inside",
        "say what people cannot do instead",
        r"mongo(?:db|ose)?|redis|postgres(?:ql)?|mysql|mariadb|sqlite|elasticsearch|opensearch|kafka",
        r"rabbitmq|memcached|clickhouse|cassandra|dynamodb|minio",
        r"nginx|apache|haproxy|traefik|envoy|caddy|varnish|(?:reverse )?prox(?:y|ies)",
        r"load[ -]?balancers?|web ?sockets?|socket\.io",
        r"docker(?: compose)?|containers?|kubernetes|k8s|pods?|watchtower|systemd|terraform|ansible",
        r"cron ?jobs?|lambda|virtual machines?|vms?",
        r"node(?:\.?js)|npm|python|django|rails|laravel|php|java|golang|next\.?js|kernel",
        r"back-?end|front-?end|micro-?services?|databases?|db|data ?base|schemas?|migrations?|clusters?",
        r"replicas?|shards?|(?<!your )(?<!browser )(?<!browser's )cach(?:e|es|ing)|message queues?",
        r"thread pools?|connection pools?|middleware|code ?base|source code|repositor(?:y|ies)",
        r"infrastructure",
        r"deploy(?:s|ed|ing|ment|ments)?|re-?deploy\w*|roll(?:ed|ing|s)?[ -]?backs?",
        r"roll(?:ed|ing|s)? back|hot-?fix(?:es)?|pull requests?|ci/cd|pipelines?|feature flags?",
        r"docker images?",
        r"crash(?:es|ed|ing)?[ -]?loop\w*|oom(?:killed| ?kill(?:ed|er)?)?|out of memory|memory leaks?",
        r"segfaults?|stack ?traces?|(?:unhandled|uncaught) exceptions?|null ?pointers?|core dumps?",
        r"deadlocks?|race conditions?",
        r"cpus?|ram|disks?(?: space)?|(?:full )?hard drives?|file ?systems?|inodes?|bandwidth",
        r"(?:http(?: status)? |status |error |code )?[45]\d\d(?: errors?| responses?| status)|[45]xx",
        r"http [1-5]\d\d|error(?: code)? [45]\d\d|dns|tls|ssl|tcp|udp|ports? \d+|firewalls?|bgp|smtp",
        r"imap|ssh|jwt|vpn",
        r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{12,64}",
    ),
    _rule(
        "it is an error, a variable or a path of the inside",
        "say what people see instead",
        r"E(?:CONN[A-Z]+|TIMEDOUT|TIMEOUT|NOTFOUND|PIPE|NOSPC|NOMEM|HOSTUNREACH|NETUNREACH|ADDRINUSE|AI_AGAIN|ACCES|PERM)",
        r"[A-Z][A-Za-z]+(?:Error|Exception)|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|\$[A-Z][A-Z0-9_]*|NOAUTH",
        r"[\w./-]*\.(?:env|ya?ml|conf|toml|py|js|ts|log|sh|sql|sock)",
        r"`[^`\n]*`",
        exact=True,
    ),
    Rule(
        pattern=re.compile(
            r"(?<![\w:/.<>])/(?:[\w.@-]+/)+[\w.@-]*|(?<![\w/])/(?:opt|etc|var|srv|home|usr|tmp|root|mnt)\b[\w./-]*"
        ),
        why="it is a path of the inside",
        rewrite="leave it out",
    ),
    _rule(
        "it is the team's own number or grade",
        "leave it out: the status page gives the reader a link",
        r"inc-\d+|sev(?:erity)?[ -]?\d|p[0-4] (?:incident|issue|outage)|ops-\d+",
    ),
)

WORDS = (
    _rule(
        "outside there are four words: investigating, applying fix, monitoring, resolved",
        "one of the four, and only the one that is true",
        r"identified|mitigat(?:ed|ing|ion)|degraded(?: performance)?|operational|(?:fully )?functional",
        r"(?:is|are|been|now|have|has|got|it's|was|were|fully) (?:now |all |been |fully )*(?:fixed|solved|repaired|cured)",
        r"(?:the situation is |everything is |it is )?under control",
        r"(?:is|are|been|have|has|was) contained|stabili[sz](?:ed|ing)|(?:is|are|now) stable",
        r"stable again|(?:is|are|has|have) (?:now )?recover(?:ed|ing)|remediat(?:ed|ing|ion)|escalated",
        r"triag(?:ed|ing|e)",
        r"(?:everything is |all is |we are |is |are )?back (?:to normal|up|online)",
        r"all (?:clear|good|systems? (?:go|normal))",
        r"(?:fix|repairs?|work|recovery) (?:is |are )?in progress",
        r"working on (?:it|a fix|this|a solution)",
    ),
    _rule(
        "it says that it is over while the status says that it is not",
        "resolved is a status of its own: give it with --status resolved",
        r"(?<!until )(?<!once )(?<!when )(?<!after )(?:(?:this|it|the (?:issue|problem|incident)) )?"
        r"(?:has been|have been|is now|are now|was|were|have) (?:now )?resolved",
        early=True,
    ),
)

RULES = (*SPECULATION, *BLAME, *CAUSES, *ESTIMATES, *INTERNAL, *WORDS)
