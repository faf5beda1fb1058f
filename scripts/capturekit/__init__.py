"""capturekit: writes, reads and recuts packet captures with nothing but the standard library.

pcapfile     the file format, and putting packets in strict order of time
layers       Ethernet, IPv4, IPv6, UDP, TCP, ICMP: bytes with correct checksums
tunnels      everything that may lie around an IP packet, from VLAN tags to GENEVE
tcp          TcpConversation: two hosts that talk, with the pathologies of real networks
dissect      just enough reading of Ethernet, VXLAN, IPv4, TCP to recut and to count flows
recut        the same capture, cut otherwise: one byte per segment, one direction, from the middle

Times are integers in nanoseconds since 1970. Directions are TO_SERVER (0) and TO_CLIENT (1).
"""

US = 1_000
MS = 1_000_000
SECOND = 1_000_000_000

TO_SERVER = 0
TO_CLIENT = 1
