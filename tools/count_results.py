#!/usr/bin/env python3
"""Counts the tests of a folder of result files (lit's JSON, GoogleTest's JSON) and prints, last and alone on its line,
`N passed, N failed, N skipped`. Fails where a test failed or lit left no results."""

import glob
import json
import os
import sys

LIT_PASSED = {"PASS", "XFAIL", "FLAKYPASS"}
LIT_SKIPPED = {"UNSUPPORTED", "EXCLUDED", "SKIPPED"}


def count_lit(results):
    """lit's codes; a code that is none of those known to be good is a failure."""
    passed = failed = skipped = 0
    for test in results["tests"]:
        if test["code"] in LIT_PASSED:
            passed += 1
        elif test["code"] in LIT_SKIPPED:
            skipped += 1
            print(f"skipped: {test['name']}")
        else:
            failed += 1
            print(f"failed: {test['name']}")
    return passed, failed, skipped


def count_gtest(results):
    skipped = sum(test.get("result") == "SKIPPED" for suite in results["testsuites"] for test in suite["testsuite"])
    ignored = results.get("disabled", 0)
    failed = results["failures"] + results.get("errors", 0)
    return results["tests"] - ignored - skipped - failed, failed, skipped + ignored


def main():
    totals = [0, 0, 0]
    for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.json"))):
        with open(path, encoding="utf-8") as file:
            counts = (count_gtest if path.endswith(".gtest.json") else count_lit)(json.load(file))
        totals = [total + count for total, count in zip(totals, counts)]
    passed, failed, skipped = totals
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if failed == 0 and passed > 0 and glob.glob(os.path.join(sys.argv[1], "lit.json")) else 1


if __name__ == "__main__":
    sys.exit(main())
