"""Opens reports in Chromium, over its debugging protocol, and asks the page what it shows."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE_DIR = os.path.abspath(os.path.join(HERE, *[os.pardir] * 4))
# Of windows: a large screen's, a laptop's, half of one.
WIDTHS = [1920, 1300, 700]


class Browser:
    """Chromium, spoken to through two pipes: JSON messages that end with a zero byte."""

    def __init__(self, profile):
        to_read, self.to_browser = os.pipe()
        self.from_browser, to_write = os.pipe()
        command = (
            "exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
            f"--disable-background-networking --user-data-dir={profile} --remote-debugging-pipe "
            f"3<&{to_read} 4>&{to_write} 2>/dev/null"
        )
        self.process = subprocess.Popen(["bash", "-c", command], pass_fds=(to_read, to_write))
        os.close(to_read)
        os.close(to_write)
        self.last_id, self.unread, self.events = 0, b"", []

    def receive(self):
        while b"\0" not in self.unread:
            part = os.read(self.from_browser, 1 << 16)
            if not part:
                sys.exit("the browser has gone")
            self.unread += part
        message, _, self.unread = self.unread.partition(b"\0")
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, path):
        """A page, loaded; only what is in the file may have been asked for."""
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.call(f"{domain}.enable", session)
        self.call("Page.navigate", session, url=f"file://{path}")
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive())
        return Page(self, session, path)

    def close(self):
        self.call("Browser.close")
        self.process.wait(timeout=60)


class Page:
    def __init__(self, browser, session, path):
        self.browser, self.session, self.path = browser, session, path

    def ask(self, expression):
        answer = self.browser.call("Runtime.evaluate", self.session, expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            sys.exit(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def check_widths(self):
        """Nothing stands beyond the window, be it narrow: tables and drawings that are wider scroll in their boxes."""
        for width in WIDTHS:
            self.browser.call("Emulation.setDeviceMetricsOverride", self.session, width=width, height=900,
                              deviceScaleFactor=1, mobile=False)
            wide = self.ask("document.documentElement.scrollWidth")
            check(wide <= width, f"{self.path}: {wide} pixels wide in a window of {width}")
            cut = self.ask("""[...document.querySelectorAll("table, svg")].filter(one => {
              for (let box = one; box; box = box.parentElement)
                if (["auto", "scroll"].includes(getComputedStyle(box).overflowX)) return false;
              return one.getBoundingClientRect().right > window.innerWidth;
            }).length""")
            check(cut == 0, f"{self.path}: {cut} tables or drawings are cut off in a window of {width} pixels")
        self.browser.call("Emulation.clearDeviceMetricsOverride", self.session)

    def check_quiet(self):
        for event in self.browser.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
                sys.exit(f"{self.path}: {parameters}")
            if method == "Network.requestWillBeSent" and parameters["request"]["url"] != f"file://{self.path}":
                sys.exit(f"{self.path} asks for {parameters['request']['url']}")


def check(condition, message):
    if not condition:
        sys.exit(message)


def column_of(page, table, title):
    """What the cells below a head say."""
    return page.ask(
        f"""(() => {{
          const table = document.querySelectorAll("table")[{table}];
          const heads = [...table.querySelectorAll("thead th")].map(head => head.textContent);
          const at = heads.indexOf({json.dumps(title)});
          return [...table.querySelectorAll("tbody tr")].map(row => row.cells[at].textContent);
        }})()"""
    )


def click(page, table, title):
    page.ask(
        f"""[...document.querySelectorAll("table")[{table}].querySelectorAll("thead button")]
             .find(button => button.textContent === {json.dumps(title)}).click()"""
    )


def check_report(browser, model, directory, *options):
    report = json.loads(subprocess.run(["nnc-opt", model, "--nn-report=json", *options], check=True,
                                       capture_output=True).stdout)
    path = os.path.join(directory, os.path.basename(model) + ".html")
    with open(path, "wb") as file:
        subprocess.run(["nnc-opt", model, "--nn-report=html", *options], check=True, stdout=file)
    page = browser.open(path)
    buffers = sum(len(step["buffers"]) for step in report["steps"])
    drawn = page.ask('document.querySelectorAll("rect.buffer").length')
    check(drawn == buffers, f"{model}: {drawn} rectangles for {buffers} buffers")
    leaves = sum(layer["parameters"]["total"] > 0 and not layer["shared"] for m in report["models"] for layer in m["layers"])
    check(page.ask('document.querySelectorAll("rect.leaf").length') == leaves, f"{model}: the treemap lacks a layer")
    nodes = sum(len(m["graph"]["nodes"]) for m in report["models"])
    check(page.ask('document.querySelectorAll(".node").length') == nodes, f"{model}: the graph lacks a node")
    run = {cost.get("model") for step in report["steps"] for cost in step["layers"]}
    others = [m for index, m in enumerate(report["models"]) if index not in run]
    for index, m in enumerate(others):
        names = [layer["name"] for layer in m["layers"]]
        check(column_of(page, index, "Layer") == names, f"{model}: other rows than the layers of {m['name']}")
    for index, step in enumerate(report["steps"], start=len(others)):
        names = [cost.get("path", "(no layer)") for cost in step["layers"]]
        check(column_of(page, index, "Layer") == names, f"{model}: other rows than the report's")
        counts = [cost["flops"]["total"] for cost in step["layers"]]
        click(page, index, "of FLOPs")
        shown = column_of(page, index, "Layer")
        check([counts[names.index(name)] for name in shown] == sorted(counts, reverse=True), f"{model}: not sorted")
        click(page, index, "of FLOPs")
        shown = column_of(page, index, "Layer")
        check([counts[names.index(name)] for name in shown] == sorted(counts), f"{model}: not sorted the other way")
        click(page, index, "Layer")
        check(sorted(column_of(page, index, "Layer")) == sorted(names), f"{model}: sorting has lost a row")
    page.check_widths()
    page.check_quiet()
    print(f"{model}: {drawn} rectangles, {nodes} nodes")
    return page


with tempfile.TemporaryDirectory() as directory:
    browser = Browser(os.path.join(directory, "profile"))
    for name in sorted(os.listdir(os.path.join(SOURCE_DIR, "models"))):
        if name.endswith(".mlir"):
            check_report(browser, os.path.join(SOURCE_DIR, "models", name), directory)
    check_report(browser, os.path.join(HERE, "two_steps.mlir"), directory, "--device=h100", "--samples=100")
    device = os.path.join(directory, "bare.json")
    with open(device, "w") as file:
        json.dump({"name": "bare", "flops": 2e12, "bytes_per_second": 3e11}, file)
    page = check_report(browser, os.path.join(HERE, "two_steps.mlir"), directory, f"--device={device}")
    said = "bare: 2.00 TFLOP/s, 300.0 GB/s. Times are the least that this program could take on it."
    check(said in page.ask("document.body.innerText"), "a device without a description is described otherwise")
    page = check_report(browser, os.path.join(HERE, "hostile.mlir"), directory)
    check(page.ask('document.querySelectorAll("script").length') == 2, "a name has become a script")
    check("hostile()" in page.ask("document.body.innerText"), "a name is not shown")
    check(page.ask('document.querySelectorAll("b b, td b").length') == 0, "a name has become markup")
    path = os.path.join(directory, "comparison.html")
    with open(path, "wb") as file:
        subprocess.run(["nnc-opt", os.path.join(SOURCE_DIR, "models", "mlp.mlir"), "--nn-report=html",
                        f"--compare={os.path.join(HERE, 'hostile.mlir')}"], check=True, stdout=file)
    page = browser.open(path)
    heads = page.ask('[...document.querySelectorAll("thead th")].map(head => head.textContent)')
    check(heads == ["", "mlp:fit", "hostile:fit"], f"the comparison's columns are {heads}")
    rows = page.ask('[...document.querySelectorAll("tbody td:first-child")].map(cell => cell.textContent)')
    totals = rows[:rows.index("dense")]
    for name in ("Trainable", "Frozen", "Multiply-adds per sample", "Memory of a step", "No plan with less"):
        check(totals.count(name) == 1, f"the comparison has no row {name} as its table has")
    groups = page.ask('[...document.querySelectorAll("tr.group")].map(row => row.textContent)')
    check(groups == ["dense", "(no layer)"], f"the comparison's kinds are {groups}")
    page.check_widths()
    page.check_quiet()
    browser.close()
