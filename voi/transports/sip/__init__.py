"""A SIP user agent (RFC 3261): accounts at registrars and trunks answer and make telephone calls.

The wire protocol is our own. `sipua` was measured as the best library for asyncio; what it lacks or gets wrong (CANCEL,
Timer B while ringing, the Contact of a dialog, retransmitted 2xx, re-INVITE, digest, TLS, valid messages that its
parser refuses) touches each of its layers, and it brings a second media stack with it. In layers, lowest first:

    uri, fields, message, framing   bytes <-> messages; tolerant as RFC 4475 wants it, bounded
    digest, sdp, negotiation        credentials; offers and answers. Pure
    sockets                         UDP, TCP and TLS; a `Flow` is the way to one peer
    transactions, dialog            retransmissions and timers of the event loop; who belongs to which call
    agent                           dispatches requests, and sends ours
    leg (with its neighbours)       one call: INVITE, hold, session timer, transfer, BYE
    registration, account           what phones.json names
    incoming, dialer, service       calls of Voi
"""
