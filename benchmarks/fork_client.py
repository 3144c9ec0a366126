"""Hand a command and its outputs to `fork_server`, and leave with the exit status that it sends: ADDRESS MODULE ..."""

import socket
import sys

address, *words = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as server:
    server.connect(address)
    message = "\0".join(words).encode()
    socket.send_fds(server, [len(message).to_bytes(8, "big")], [1, 2])
    server.sendall(message)
    sys.exit(int(server.recv(8) or 1))
