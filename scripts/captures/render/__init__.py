"""Renders a logical session: each part of it is one axis, and they may be combined at will.

spell    how messages are written: white space, key order, escapes, numbers, ids, ends of lines
carry    what carries them: proxies, WebSocket, HTTP bodies
cut      how the streams are cut into TCP segments
lay      what lies around the packets: tags, tunnels, fragments
see      what the tap sees of all that

rendering.Rendering puts them together and says what can be known of the result.
"""
