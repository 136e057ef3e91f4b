"""A private view of apt's index: the same sources as the machine's, with long English descriptions, whatever is
installed, pinned or configured otherwise. Needs no root."""

import os

from .common import DataError, cache_root, run

# Passed with -c, which is read after the machine's own files. Some machines set Acquire::Languages to none, which a list
# can only be rid of by clearing it; hooks of the machine's own would run as another user.
CONFIGURATION = """#clear Acquire::Languages;
Acquire::Languages {{ "en"; }};
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "{user}";
Dir::State "{root}/state";
Dir::State::lists "{root}/lists";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
"""


class Apt:
    def __init__(self):
        self.root = os.path.join(cache_root(), "apt")
        for folder in ("lists/partial", "cache/archives/partial", "state"):
            os.makedirs(os.path.join(self.root, folder), exist_ok=True)
        open(os.path.join(self.root, "status"), "w").close()
        user = run(["id", "-un"]).strip()
        self._configuration = os.path.join(self.root, "apt.conf")
        with open(self._configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(root=self.root, user=user))

    def update(self):
        run(["apt-get", "-c", self._configuration, "update"])

    def download(self, package, directory):
        """Downloads a package's .deb, checked by apt against the signed index; returns its path."""
        run(["apt-get", "-c", self._configuration, "download", package], cwd=directory)
        names = [name for name in os.listdir(directory) if name.startswith(package + "_")]
        if not names:
            raise DataError(f"apt-get download {package} left no file")
        return os.path.join(directory, names[0])

    def index_files(self, kind):
        """The files of an index (Packages, Translations), those of the release itself before its updates."""
        listing = run(["apt-get", "-c", self._configuration, "indextargets", "--format",
                       "$(CREATED_BY)|$(CODENAME)|$(FILENAME)", f"Created-By: {kind}"])
        rows = sorted((line.split("|", 2) for line in listing.splitlines()), key=lambda row: (len(row[1]), row[1]))
        return [filename for _, _, filename in rows if os.path.exists(filename)]

    def stanzas(self, filename):
        """The stanzas of an index file, each a dictionary of its fields."""
        for stanza in run(["/usr/lib/apt/apt-helper", "cat-file", filename]).split("\n\n"):
            fields, key = {}, None
            for line in stanza.splitlines():
                if line[0] in " \t":
                    fields[key] += "\n" + line
                else:
                    key, _, value = line.partition(":")
                    fields[key] = value.strip()
            if fields:
                yield fields

    def release_dates(self):
        """Suite and date of every index, as its Release file states them: `bookworm 2026-05-16`."""
        dates = []
        lists = os.path.join(self.root, "lists")
        for name in sorted(os.listdir(lists)):
            if name.endswith("Release"):
                with open(os.path.join(lists, name), encoding="utf-8") as file:
                    fields = dict(line.rstrip().split(": ", 1) for line in file if ": " in line)
                dates.append(f"{fields.get('Codename', '?')} {fields.get('Date', '?')}")
        return dates
