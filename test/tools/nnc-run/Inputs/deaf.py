"""Runs a command whose standard error is a pipe that nobody reads, and prints its exit."""
import os
import subprocess
import sys

reader, writer = os.pipe()
os.close(reader)
process = subprocess.Popen(sys.argv[1:], stderr=writer)
print("exit", process.wait())
