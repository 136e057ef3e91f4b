"""Runs a command, removes the folder given once it has written its first epoch, and prints what it wrote and its exit."""
import shutil
import subprocess
import sys

process = subprocess.Popen(sys.argv[2:], stderr=subprocess.PIPE, text=True)
for line in process.stderr:
    print(line, end="")
    if '"event":"epoch","epoch":1,' in line:
        shutil.rmtree(sys.argv[1])
print("exit", process.wait())
