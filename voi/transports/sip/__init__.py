"""A SIP user agent (RFC 3261): accounts at registrars and trunks answer and make telephone calls.

The wire protocol is our own. `sipua` was measured as the best library for asyncio; what it lacks or gets wrong (CANCEL,
Timer B while ringing, the Contact of a dialog, retransmitted 2xx, re-INVITE, digest, TLS, valid messages that its
parser refuses) touches each of its layers, and it brings a second media stack with it. In layers, lowest first:

    uri, fields, message, framing, bodies   bytes <-> messages; tolerant as RFC 4475 wants it, bounded
    digest, sdp, negotiation                credentials; offers and answers. Pure
    sockets                                 UDP, TCP and TLS; a `Flow` is the way to one peer
    transactions, asking, dialog            retransmissions and timers, those of the event loop; who belongs to a call
    stack, limits, faults                   what comes in is bounded, checked, and given to whom it belongs
    leg, incoming_call, outgoing_call       one call: INVITE, hold, BYE; beside it acks, session_timer, refer
    registration, resolving, account        what phones.json names
    media, rtp_media, signalling            a call's sound and its `Signalling`, for the telephone door
    incoming, dialer, service               calls of Voi

Nothing up to `stack` needs a socket, so calls are tested in virtual time, with messages that get lost.
"""
