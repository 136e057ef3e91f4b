"""Debian package descriptions as text to classify into sections.

Rows: packages sorted by name; of those from one source in one section the first; of identical descriptions the first.
The text is the synopsis and the long description. The index moves at point releases, so its date and the row counts
stand beside the data.
"""

import collections

from .apt import Apt
from .common import DataError, class_counts, write_text_splits

CLASSES = 20

# Left out of the theme variant. A language section is known by its boilerplate ("This package contains the Rust
# crate"), a role section (a library's headers, documentation) by its own; a desktop's by the desktop's name; misc and
# otherosfs are no theme at all.
LANGUAGES = """cli-mono devel gnu-r gnustep golang haskell interpreters introspection java javascript libdevel libs lisp
ocaml perl php python ruby rust zope""".split()
ROLES = "debug doc localization metapackages oldlibs tasks".split()
DESKTOPS = "gnome kde xfce".split()
VAGUE = "misc otherosfs".split()


def sections(folder):
    return classify(folder, left_out=[])


def themes(folder):
    return classify(folder, left_out=LANGUAGES + ROLES + DESKTOPS + VAGUE)


def classify(folder, left_out):
    apt = Apt()
    apt.update()
    rows = descriptions(apt)
    counts = class_counts(section for _, _, section in rows if section not in left_out)
    kept = list(counts)[:CLASSES]
    used = [row for row in rows if row[2] in kept]
    facts = {
        "index": "; ".join(apt.release_dates()),
        "descriptions": len(rows),
        "rows": write_text_splits(folder, used),
        "classes": {section: counts[section] for section in kept},
    }
    if left_out:
        facts["sections left out"] = " ".join(sorted(left_out))
    return facts


def descriptions(apt):
    """(source, text, section) of every package that is not a repetition of one before it."""
    texts = {}
    for filename in apt.index_files("Translations"):
        for fields in apt.stanzas(filename):
            texts.setdefault(fields["Description-md5"], fields.get("Description-en"))
    packages = {}
    for filename in apt.index_files("Packages"):
        for fields in apt.stanzas(filename):
            packages.setdefault(fields["Package"], fields)
    if not texts or not packages:
        raise DataError("apt's index holds no packages or no long English descriptions; are apt's sources configured?")

    rows, seen, seen_texts = [], set(), set()
    for name in sorted(packages):
        fields = packages[name]
        section = fields.get("Section", "").split("/")[-1]
        source = fields.get("Source", name).split(" ")[0]
        text = texts.get(fields.get("Description-md5"))
        if not text or (source, section) in seen:
            continue
        seen.add((source, section))
        if text in seen_texts:
            continue
        seen_texts.add(text)
        rows.append((source, plain_text(text), section))
    return rows


def plain_text(description):
    """A description without its marks: a lone full stop stands for an empty line."""
    return "\n".join(line for line in description.splitlines() if line.strip() != ".")
