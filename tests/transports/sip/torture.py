# ruff: noqa: E501 (messages as they are)
"""The torture messages of RFC 4475, by the names that it gives them, with addresses of sound on the loopback.

After each message stand the codes that are right for a user agent that answers all calls; none: it has to be silent.
"""

SOUND = "v=0\no=mhandley 29739 7272939 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 49217 RTP/AVP 0 12\n"
SECURE_SOUND = (
    b"v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\nt=0 0\r\na=sendonly\r\nm=audio 5004/2 RTP/SAVP 96 97 13\r\n"
    b"a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:97 telephone-event/48000\r\na=ptime:20\r\n"
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4\r\na=rtcp-mux\r\n"
)
OLD = "v=0\no=mhandley 29739 7272939 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 492170 RTP/AVP 0\n"


def message(head: str, body: str = "", length: str = "l") -> bytes:
    """`head`: with lines that end in \\n. `length`: name of the header with the body's length; "": there is none."""
    data = body.replace("\n", "\r\n").encode()
    text = head.strip("\n").replace("\n", "\r\n")
    text += f"\r\n{length}: {len(data)}" if length else ""
    return (text + "\r\n\r\n").encode("utf-8") + data


WSINV = """
INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33
"""

OPTIONS = """
OPTIONS sip:user@example.org SIP/2.0
Via: SIP/2.0/UDP host4.example.com:5060;branch=z9hG4bK{branch}
Max-Forwards: 70
From: sip:caller@example.net;tag=433423
To: sip:user@example.org
Call-ID: {branch}.sdf0234n2nds0a099u23h3hnnw009cdkne3
CSeq: 3923239 OPTIONS
"""

REGISTER = """
REGISTER sip:example.com SIP/2.0
To: sip:watson@example.com
From: sip:watson@example.com;tag=lkjsdf234
Max-Forwards: 70
Call-ID: {branch}.asd343-oncvnqwer
CSeq: 8 REGISTER
Via: SIP/2.0/UDP saturn.example.com:5060;branch=z9hG4bK{branch}
"""

INVITE = """
INVITE sip:user@example.com SIP/2.0
To: sip:j.user@example.com
From: sip:caller@example.net;tag=134161461246
Max-Forwards: 7
Call-ID: {branch}.0ha0isndaksdjasdf3234nas
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bK{branch}
Contact: <sip:caller@host5.example.net>
Content-Type: application/sdp
"""

RESPONSE = """
SIP/2.0 {status}
Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe
Call-ID: {name}.asdof3uj203asdnf3429uasdhfas3ehjasdfas9i
From: <sip:user@example.com>;tag=83242
To: <sip:user@example.org>;tag=39842
CSeq: 35 INVITE
"""


def options(name: str, **changes: str) -> bytes:
    return message(changed(OPTIONS.format(branch=name), changes))


def register(name: str, more: str = "", **changes: str) -> bytes:
    return message(changed(REGISTER.format(branch=name), changes) + more)


def invite(name: str, more: str = "", body: str = SOUND, **changes: str) -> bytes:
    return message(changed(INVITE.format(branch=name), changes) + more, body)


def response(name: str, status: str, **changes: str) -> bytes:
    return message(changed(RESPONSE.format(name=name, status=status), changes))


def changed(head: str, changes: dict[str, str]) -> str:
    """The lines of these headers (- as _) are replaced; "start": the first line."""
    lines = head.strip("\n").split("\n")
    for name, line in changes.items():
        key = name.replace("_", "-").lower() + ":"
        at = 0 if name == "start" else next(at for at, old in enumerate(lines) if old.lower().startswith(key))
        lines[at] = line
    return "\n".join(lines) + "\n"


LONG = "amazinglylongcallername" * 12
TRANSPORTS = "".join(
    f"Via: SIP/2.0/{kind} t{at}.example.com;branch=z9hG4bKkdjuw{at}\n"
    for at, kind in enumerate(("SCTP", "TLS", "UNKNOWN", "TCP"), 1)
)
MULTIPART = (
    "--7a9cbec02ceef655\nContent-Type: text/plain\nContent-Transfer-Encoding: binary\n\nHello\n"
    "--7a9cbec02ceef655\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: binary\n\n\x01\x80\x00\n"
    "--7a9cbec02ceef655--\n"
)

TORTURES: dict[str, tuple[bytes, set[int]]] = {
    # 3.1.1: valid messages
    "wsinv": (message(WSINV, SOUND + "m=video 3227 RTP/AVP 31\na=rtpmap:31 LPC\n", "Content-Length   "), {481}),
    "wsinv without a tag": (
        message(WSINV.replace(" ;   tag    = 1918181833n", "").replace("wsinv.", "wsinv2."), SOUND),
        {200},
    ),
    "intmeth": (
        message(
            "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
            ":&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\n"
            "Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\n"
            'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_unusual.URI~(to-be!sure)&isn\'t+it$/crazy?,/;;*@example.com>\n'
            "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"работающий\""
            ";tag=_token~1'+`*%!-.\n"
            "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\n"
            "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\n"
            "Max-Forwards: 255\nextensionHeader-!.%*+_`'~:大停電\n",
            length="Content-Length",
        ),
        {501},
    ),
    "esc01": (
        invite("esc01", start="INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0",
               to="To: sip:%75se%72@example.com", contact="Contact: <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>"),
        {200},
    ),
    "escnull": (
        register("escnull", "L:0\n", to="To: sip:null-%00-null@example.com",
                 **{"from": "From: sip:null-%00-null@example.com;tag=839923423"}),
        {405},
    ),
    "esc02": (
        register("esc02", start="RE%47IST%45R sip:registrar.example.com SIP/2.0", cseq="CSeq: 29344 RE%47IST%45R"),
        {501},
    ),
    "lwsdisp": (options("lwsdisp", **{"from": "From: caller<sip:caller@example.com>;tag=323"}), {200}),
    "longreq": (
        invite("longreq", f"Unknown-{LONG}: {LONG}; param={LONG}\nRoute: " + ",\n ".join(f"<sip:p{n}.example.com;lr>" for n in range(30)) + "\n"
               + "".join(f"Via: SIP/2.0/TCP sip{n}.example.com\n" for n in range(30)),
               to=f'To: "I have a user name of {LONG}" <sip:user@example.com:6000;unknownparam1=very{LONG};longparam={LONG};isv>',
               **{"from": f"From: sip:{LONG}@example.net;tag=12982424;unknownparam={LONG}"}),
        {200},
    ),
    "dblreq": (register("dblreq") + invite("dblreq2").replace(b"INVITE sip:user", b"INVITE sip:joe"), {405}),
    "semiuri": (options("semiuri", start="OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0"), {200}),
    "transports": (message(OPTIONS.format(branch="transports") + TRANSPORTS), {200}),
    "mpart01": (
        message(
            INVITE.format(branch="mpart01").replace("INVITE", "MESSAGE").replace(
                "application/sdp", "multipart/mixed;boundary=7a9cbec02ceef655"), MULTIPART),
        {405},
    ),
    "unreason": (response("unreason", "200 = 2**3 * 5**2 но сто девяносто девять - простое"), set()),
    "noreason": (response("noreason", "100 "), set()),
    # 3.1.2: invalid messages
    "badinv01": (
        invite("badinv01", via="Via: SIP/2.0/UDP 192.0.2.15;;,;,,", contact='Contact: "Joe" <sip:joe@example.org>;;;;'),
        {400},
    ),
    "clerr": (invite("clerr").replace(b"l: 1", b"l: 9"), {400}),
    "ncl": (message(INVITE.format(branch="ncl") + "Content-Length: -999\n", SOUND, length=""), {400}),
    "scalar02": (
        register("scalar02", "Expires: 1000000000000000000000000000\nContact: <sip:u@h.example.com>;expires=280297596632815\n",
                 cseq="CSeq: 36893488147419103232 REGISTER", max_forwards="Max-Forwards: 300"),
        {400},
    ),
    "scalarlg": (
        response("scalarlg", "503 Service Unavailable", cseq="CSeq: 9292394834772304023312 OPTIONS")
        .replace(b"l: 0", b"Retry-After: 949302838503028349304023988\r\nl: 0"),
        set(),
    ),
    "quotbal": (invite("quotbal", to='To: "Mr. J. User <sip:j.user@example.com>'), {400}),
    "ltgtruri": (invite("ltgtruri", start="INVITE <sip:user@example.com> SIP/2.0"), {400}),
    "lwsruri": (invite("lwsruri", start="INVITE sip:user@example.com; lr SIP/2.0"), {400}),
    "lwsstart": (invite("lwsstart", start="INVITE  sip:user@example.com  SIP/2.0"), {400}),
    "trws": (options("trws", start="OPTIONS sip:remote-target@example.com SIP/2.0  "), {400, 200}),
    "escruri": (
        invite("escruri", start="INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0"), {400},
    ),
    "baddate": (invite("baddate", "Date: Fri, 01 Jan 2010 16:00:00 EST\n"), {400, 200}),
    "regbadct": (register("regbadct", "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E\n"), {400}),
    "badaspec": (options("badaspec", to='To: "Watson, Thomas" < sip:t.watson@example.org >'), {400, 200}),
    "baddn": (options("baddn", **{"from": "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43"}), {400}),
    "badvers": (options("badvers", start="OPTIONS sip:t.watson@example.org SIP/7.0"), {505}),
    "mismatch01": (options("mismatch01", cseq="CSeq: 8 INVITE"), {400}),
    "mismatch02": (options("mismatch02", start="NEWMETHOD sip:user@example.com SIP/2.0", cseq="CSeq: 8 INVITE"), {400, 501}),
    "bigcode": (response("bigcode", "4294967301 better not break the receiver"), set()),
    # 3.2: transactions
    "badbranch": (options("badbranch", via="Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK"), {200}),
    # 3.3: what the application sees
    "insuf": (
        message("INVITE sip:user@example.com SIP/2.0\nCSeq: 193942 INVITE\n"
                "Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\nContent-Type: application/sdp\n", SOUND),
        {400},
    ),
    "unkscm": (options("unkscm", start="OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"), {416}),
    "novelsc": (options("novelsc", start="OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"), {416}),
    "unksm2": (
        register("unksm2", "Contact: <name:John_Smith>\n", to="To: isbn:2983792873",
                 **{"from": "From: <http://www.example.com>;tag=3234233"}),
        {400, 405},
    ),
    "bext01": (
        message(OPTIONS.format(branch="bext01") + "Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis\n"
                "Require: nothingSupportsThis, nothingSupportsThisEither\n"),
        {420},
    ),
    "invut": (invite("invut", content_type="Content-Type: application/unknownformat", body="<audio>\n</audio>\n"), {415}),
    "regaut01": (register("regaut01", "Authorization: NoOneKnowsThisScheme opaque-data=here\n"), {405}),
    "multi01": (
        invite("multi01", "From: sip:other@example.net;tag=2\nTo: sip:other@example.com\nCall-ID: other@192.0.2.1\n"
               "CSeq: 59 INVITE\nMax-Forwards: 5\n"),
        {400},
    ),
    "mcl01": (message(OPTIONS.format(branch="mcl01") + "Content-Length: 13\nContent-Length: 5\n", "There's no way\n", length=""), {400}),
    "bcast": (response("bcast", "200 OK", via="Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\n"
                       "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23"), set()),
    "zeromf": (options("zeromf", max_forwards="Max-Forwards: 0"), {200, 483}),
    "cparam01": (register("cparam01", "Contact: sip:+19725552222@gw1.example.net;unknownparam\n"), {405}),
    "cparam02": (register("cparam02", "Contact: <sip:+19725552222@gw1.example.net;unknownparam>\n"), {405}),
    "regescrt": (register("regescrt", "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\n"), {405}),
    "sdp01": (invite("sdp01", "Accept: text/nobodyKnowsThis\n", body=""), {406}),
    # 3.4: RFC 2543
    "inv2543": (
        message("INVITE sip:UserB@example.com SIP/2.0\nVia: SIP/2.0/UDP iftgw.example.com\n"
                "From: <sip:+13035551111@ift.client.example.net;user=phone>\nRecord-Route: <sip:UserB@example.com;maddr=ss1.example.com>\n"
                "To: sip:+16505552222@ss1.example.net;user=phone\nCall-ID: inv2543.1717@ift.client.example.com\n"
                "CSeq: 56 INVITE\nContact: <sip:+13035551111@ift.client.example.net>\nContent-Type: application/sdp\n", SOUND),
        {200},
    ),
}  # fmt: skip
