"""The mesh."""
import os
import subprocess

environment = {"WM_PROJECT_DIR": "/usr/share/openfoam", **os.environ}
subprocess.run(["blockMesh", "-case", "cavity"], check=True, stdout=subprocess.DEVNULL, env=environment)
