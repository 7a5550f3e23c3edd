"""Each problem code in a few words and what to do about it, as its reference page says.

Read by `sarif`, which has to explain a code where no documentation is at hand. A test holds it against docs/reference/problem-codes.
"""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "FF001": (
        "Nothing to compile",
        "Point `page` at the right file. A page needs at least one of: a severity table, a first-five "
        "list, a runbook with a shell fence, a contacts table, a template, a closing list. The page grammar shows each.",
    ),
    "FF002": (
        "The page is not UTF-8 text",
        "Save the page as UTF-8. If the main page is concerned nothing compiles; another page of the "
        "vault is left out and the rest works.",
    ),
    "FF003": ("The page is too large", "Move the data out of the vault, or split the page."),
    "FF004": ("Marks are nested too deeply", "Pasted mail or output belongs between code fences."),
    "FF005": (
        "No severity matrix",
        'Add a table under a heading with the word "severity": `Sev | Meaning | Response time | Examples`.',
    ),
    "FF006": (
        "A row of the severity matrix was not understood",
        "Write `15 min`, `1 hour`, `next business day` or `backlog`, and each level once.",
    ),
    "FF007": (
        "No first-five list",
        "Add a numbered list under such a heading, with the command in backticks where there is one.",
    ),
    "FF008": (
        "No runbook",
        "Give a section bold leads `**Symptoms.**` and `**Runbook.**`, or sub-headings such as "
        "Diagnosis and Mitigation, and a shell fence.",
    ),
    "FF009": ("No contacts", "Add a table `Role | Primary | Backup | Channel`."),
    "FF010": (
        "bash cannot read this block",
        "Mend the command. If the block is output or a configuration file, label it `text`, `yaml` or whatever it is.",
    ),
    "FF011": ("Unclosed fence", "Add the closing line: as many backticks or tildes as the opening one has."),
    "FF012": (
        "A block was not understood as commands",
        "Label it `bash` if it is meant to be run, `text` if it is not.",
    ),
    "FF013": (
        "Work by hand",
        "Nothing, if that is what you mean. A command in the fence turns it into a step that can be approved.",
    ),
    "FF014": ("Parts the page does not have", "Add the chapter when you want it in your own words."),
    "FF015": ("Unknown risk", "If it only reads, let someone review it and add it to the risk table of the vault."),
    "FF016": (
        "Commands after a shell on another machine",
        "Give the remote shell its commands as an argument, or set `#: on=db1` for the step and drop the `ssh`.",
    ),
    "FF017": ("A severity that the matrix does not have", "Correct the level or add the row."),
    "FF018": ("A template without text", "Put the wording between code fences."),
    "FF019": ("Front matter cannot be read", "Mend the line that is named."),
    "FF020": (
        "A condition that nothing can decide",
        "Bind the words with a line `#: if PHRASE = CONDITION`, or teach the vault's lexicon.",
    ),
    "FF021": (
        "A value reaches a second interpreter",
        "Nothing, if the type that is named fits. Otherwise give the placeholder a closed type in the "
        "front matter (`params`).",
    ),
    "FF022": ("A value was refused", "Give a value of the form that the message names."),
    "FF023": (
        "A placeholder where no value can be put",
        "Drop the quotes around the end word, or write the value another way.",
    ),
    "FF024": (
        "A variable that nothing sets",
        "Name it in the front matter (`secrets` or `params`) when the target has it, or write a placeholder.",
    ),
    "FF030": ("A link leads nowhere", "Mend the link, or add the page to the vault."),
    "FF031": ("An include includes itself", "Break the circle; a plain link `[[...]]` is enough to point there."),
    "FF032": ("Nothing to include", "Mend the name, or write the steps in place."),
    "FF033": ("A link with several targets", "Name the parent too: `[[Page#Parent#Restore]]`."),
    "FF034": ("A table row with the wrong number of cells", "Add the missing `|`; inside a cell write `\\|`."),
    "FF035": ("A chapter that is there twice", "Remove one of them."),
    "FF036": (
        "Commands outside every runbook",
        "Nothing, if it is only for reading. Otherwise give the section bold leads `**Symptoms.**` and `**Runbook.**`.",
    ),
    "FF040": (
        "An annotation lowers a risk",
        "Remove the line, or add `reviewed=` with the hash that the message names.",
    ),
    "FF041": ("Unknown directive or value", "Use the spelling that is suggested."),
    "FF042": ("A condition does not compile", "Mend it at the place shown; conditions has the language."),
    "FF043": ("An id used twice", "Rename one."),
    "FF044": ("Hidden logic", "Write `#:` lines inside the fence."),
    "FF045": ("Logic in the attributes of a fence", "Move it into the fence as a `#:` line."),
    "FF046": ("Steps that wait for each other", "Take one `needs=` away."),
    "FF050": (
        "A secret on the command line",
        "Pass it through the environment (`REDISCLI_AUTH`), a file or standard input.",
    ),
    "FF051": ("A command wants a terminal", "Write `-i`, or nothing."),
    "FF052": ("An editor", "Say what to change; add a step that checks the result."),
    "FF053": ("A command that never ends", "Use `tail -n`, or set `#: timeout=`."),
    "FF054": ('"use" inside --eval', "Name the database as an argument: `mongosh shop --eval ...`."),
    "FF055": ("An example instead of a value", "Write a placeholder such as `<email>`; it is asked for."),
    "FF056": ("A dollar word inside double quotes", "Write `\\$set`, or use single quotes outside."),
    "FF057": ("Edits one compose file, reads another", "Add `-f` with the same file."),
    "FF058": ("A container name where a service is expected", "Use the service's name."),
    "FF059": ("Output among commands", "Label it `console`, or move the output out."),
    "FF060": ("A path on one person's machine", "Write the path relative to the vault."),
    "FF061": ("A contact is not filled in", "Fill in a person and a way to reach them."),
    "FF062": (
        "A new tag for every service at once",
        "Put the image's name before the colon: `s|shop-web:latest|shop-web:1.4.1|`. Look at `docker compose config` before `up`.",
    ),
    "FF063": (
        "Pruning away the evidence",
        "Save logs first, tag the image that ran before, and free space with something narrower.",
    ),
    "FF064": (
        "A firewall rule that Docker goes around",
        "Block in the chain `DOCKER-USER`, in the proxy or at the edge, and never the proxy itself.",
    ),
}
"""Code to (title, what to do)."""
