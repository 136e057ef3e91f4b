"""Runs a command, sends it SIGINT half a second after it wrote its first line, and prints what it wrote and its exit."""
import signal
import subprocess
import sys
import time

process = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, text=True)
process.stderr.readline()
time.sleep(0.5)
process.send_signal(signal.SIGINT)
print(process.stderr.read())
print("exit", process.wait())
