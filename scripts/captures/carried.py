"""Sessions in everything that may carry them: proxies, WebSocket, HTTP bodies."""

from .build import Entry
from .render.rendering import Rendering
from .sessions import builder

CARRIED = (
    ("connect", "HTTP CONNECT names the pool", Rendering("stratum-v1", carriers=("connect",))),
    ("socks4", "SOCKS4 gives the pool's address", Rendering("ethproxy", carriers=("socks4",))),
    ("socks4a", "SOCKS4a names the pool", Rendering("kawpow", carriers=("socks4a",))),
    ("socks5", "SOCKS5 names the pool", Rendering("cryptonote", carriers=("socks5",))),
    ("proxy-v1", "PROXY protocol, text", Rendering("equihash", carriers=("proxy1",))),
    ("proxy-v2", "PROXY protocol, binary", Rendering("cryptonote", carriers=("proxy2",))),
    ("websocket", "WebSocket around a stream of lines", Rendering("stratum-v1", carriers=("ws",))),
    ("websocket-parts", "WebSocket, every message in three frames with pings between them",
     Rendering("coinhive", carriers=("ws-parts",))),
    ("connect-websocket", "WebSocket through HTTP CONNECT",
     Rendering("webminerpool", carriers=("connect", "ws"))),
    ("http-chunked", "HTTP, chunks of one byte", Rendering("getwork", body="chunked-bytes")),
    ("http-gzip", "HTTP, gzip in chunks", Rendering("monerod", body="gzip-chunked")),
    ("http-deflate", "HTTP, deflate", Rendering("ethgetwork", body="deflate")),
)
ENTRIES = [Entry(f"carriers/{name}", text, builder(rendering))
           for name, text, rendering in CARRIED]
