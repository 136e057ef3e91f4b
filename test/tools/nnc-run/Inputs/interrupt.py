"""Runs a command, sends it SIGINT (with --terminate: SIGTERM) half a second after it wrote its first line, and prints what
it wrote and its exit."""
import signal
import subprocess
import sys
import time

command = sys.argv[1:]
chosen = signal.SIGINT
if command[0] == "--terminate":
    command = command[1:]
    chosen = signal.SIGTERM
process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
process.stderr.readline()
time.sleep(0.5)
process.send_signal(chosen)
print(process.stderr.read())
print("exit", process.wait())
