"""Examples of secrets, made by chance after what providers' documentation says of their form.

Written from the documentation and not from the rules, so that a rule which is wrong is found out. A template holds
literal text and ``{alphabet:count}``; some forms need a function.
"""

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Mapping
from random import Random

DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = LOWER.upper()
BASE62 = DIGITS + UPPER + LOWER
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

ALPHABETS: Mapping[str, str] = {
    "digits": DIGITS,
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "letters": UPPER + LOWER,
    "lower": LOWER,
    "lower36": DIGITS + LOWER,
    "upper36": DIGITS + UPPER,
    "base32": UPPER + "234567",
    "base58": BASE58,
    "base62": BASE62,
    "base64": BASE62 + "+/",
    "url": BASE62 + "-_",
    "crypt": BASE62 + "./",
}

Made = Callable[[Random], str]


def text(dice: Random, alphabet: str, count: int) -> str:
    """So many letters of an alphabet."""
    return "".join(dice.choices(ALPHABETS[alphabet], k=count))


def fill(dice: Random, template: str) -> str:
    """A template with all its places filled."""
    filled = re.sub(r"\{([A-Za-z0-9]+):([0-9]+)\}", lambda place: text(dice, place[1], int(place[2])), template)
    return filled.replace("{uuid}", uuid(dice))


def uuid(dice: Random) -> str:
    """A UUID of version 4."""
    digits = text(dice, "hex", 32)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def pack(data: bytes) -> str:
    """Base64 of the URL alphabet, without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def object_part(value: Mapping[str, object]) -> str:
    """A JSON object as the part of a JWT."""
    return pack(json.dumps(value, separators=(",", ":")).encode())


def with_crc(prefix: str) -> Made:
    """GitHub's form: 30 letters and six of their CRC-32."""

    def made(dice: Random) -> str:
        body = text(dice, "base62", 30)
        number, digits = zlib.crc32(body.encode()), ""
        while number:
            number, digit = divmod(number, 62)
            digits = BASE62[digit] + digits
        return prefix + body + digits.rjust(6, "0")

    return made


def jwt(dice: Random) -> str:
    """A signed JWT."""
    claims = {"sub": text(dice, "digits", 9), "iat": dice.randrange(10**9)}
    return f"{object_part({'alg': 'HS256', 'typ': 'JWT'})}.{object_part(claims)}.{pack(dice.randbytes(32))}"


def bech32(name: str) -> Made:
    """BIP 173: 52 words of five bits and six of checksum."""

    def made(dice: Random) -> str:
        data = [dice.randrange(32) for _ in range(52)]
        check = (
            _polymod([*(ord(each) >> 5 for each in name), 0, *(ord(each) & 31 for each in name), *data, *[0] * 6]) ^ 1
        )
        words = data + [check >> 5 * (5 - place) & 31 for place in range(6)]
        return f"{name}1{''.join(BECH32[word] for word in words)}"

    return made


def _polymod(words: list[int]) -> int:
    check = 1
    for word in words:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for place, factor in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> place & 1:
                check ^= factor
    return check


def extended_key(dice: Random) -> str:
    """BIP 32: a version, 74 bytes, four of the double SHA-256; in base58."""
    data = bytes.fromhex("0488ade4") + dice.randbytes(41) + b"\0" + dice.randbytes(32)
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, digits = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = BASE58[digit] + digits
    return digits


def discord(dice: Random) -> str:
    """The id of the bot in base64, a time, a signature."""
    number = str(dice.randrange(5 * 10**17, 9 * 10**17))
    return f"{pack(number.encode())}.{text(dice, 'url', 6)}.{text(dice, 'url', 38)}"


def pem(label: str, size: int) -> Made:
    """A PEM block of so many bytes."""

    def made(dice: Random) -> str:
        body = base64.b64encode(b"\x30\x82" + dice.randbytes(size)).decode()
        lines = [body[at : at + 64] for at in range(0, len(body), 64)]
        return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"])

    return made


def _signed(size: int, alphabet: str, signature: str, tail: str) -> str:
    """A key that bears a signature near its end, as long as ``size`` with signature and tail."""
    plain = re.sub(r"\{[^}]*:([0-9]+)\}", lambda place: "." * int(place[1]), tail)
    return f"{{{alphabet}:{size - len(signature) - len(plain)}}}{signature}{tail}"


TEMPLATES: Mapping[str, str] = {
    "penstock": "pk_live_{url:43}",
    "anthropic-api": "sk-ant-api03-{url:93}AA",
    "anthropic-admin": "sk-ant-admin01-{url:93}AA",
    "anthropic-oauth": "sk-ant-oat01-{url:93}AA",
    "openai-project": "sk-proj-{url:74}T3BlbkFJ{url:74}",
    "openai-legacy": "sk-{base62:20}T3BlbkFJ{base62:20}",
    "sk-key": "sk-{hex:32}",
    "google-api": "AIza{url:35}",
    "google-bound": "AQ.{url:50}",
    "hugging-face": "hf_{letters:34}",
    "groq": "gsk_{base62:52}",
    "xai": "xai-{base62:80}",
    "perplexity": "pplx-{base62:48}",
    "replicate": "r8_{base62:37}",
    "together": "tgp_v1_{url:43}",
    "fireworks": "fw_{base62:22}",
    "openrouter": "sk-or-v1-{hex:64}",
    "cerebras": "csk-{lower36:48}",
    "nvidia": "nvapi-{url:64}",
    "langsmith": "lsv2_pt_{hex:32}_{hex:10}",
    "langfuse": "sk-lf-{uuid}",
    "helicone": "sk-helicone-{lower36:7}-{lower36:7}-{lower36:7}-{lower36:7}",
    "elevenlabs": "sk_{hex:48}",
    "voyage": "pa-{url:43}",
    "jina": "jina_{hex:32}{url:28}",
    "tavily": "tvly-dev-{base62:32}",
    "pinecone": "pcsk_{base62:5}_{base62:63}",
    "firecrawl": "fc-{hex:32}",
    "apify": "apify_api_{base62:36}",
    "e2b": "e2b_{hex:40}",
    "daytona": "dtn_{hex:64}",
    "vercel": "vck_{base62:56}",
    "anyscale": "esecret_{lower36:28}",
    "runpod": "rpa_{upper36:40}{lower36:6}",
    "modal": "as-{base62:22}",
    "browserbase": "bb_live_{url:27}",
    "weights-and-biases": "wandb_v1_{base62:77}",
    "bedrock-long-term": "ABSKQmVkcm9ja0FQSUtleS1{base64:105}=",
    "bedrock-short-term": "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t{base64:400}",
    "aws-access-key-id": "AKIA{base32:16}",
    "aws-session-token": "IQoJb3JpZ2luX2Vj{base64:400}",
    "aws-mws": "amzn.mws.{uuid}",
    "aws-appsync": "da2-{lower36:26}",
    "google-oauth-secret": "GOCSPX-{url:28}",
    "google-access-token": "ya29.{url:160}",
    "google-refresh-token": "1//0{digits:1}{url:80}",
    "google-hmac-id": "GOOG1E{upper36:55}",
    "firebase-server": "AAAA{url:7}:{url:140}",
    "azure-signed-key": _signed(88, "base64", "+ASt", "{base64:5}A=="),
    "azure-signed-key-short": _signed(44, "base64", "+ASb", "{base64:6}="),
    "azure-common-key": "{base62:52}JQQJ99{base62:26}",
    "azure-devops-pat": "{base62:76}AZDO{base62:4}",
    "azure-function-key": _signed(56, "url", "AzFu", "{url:6}=="),
    "azure-search-key": _signed(52, "base62", "AzSe", "B{base62:5}"),
    "azure-registry-password": _signed(52, "base64", "+ACR", "B{base64:5}"),
    "azure-client-secret": "{base62:3}8Q~{url:34}",
    "digitalocean": "dop_v1_{hex:64}",
    "digitalocean-spaces": "DO00{upper36:16}",
    "heroku": "HRKU-AA{url:58}",
    "netlify": "nfp_{base62:36}",
    "render": "rnd_{base62:28}",
    "fly": "fo1_{url:43}",
    "cloudflare-origin": "v1.0-{hex:24}-{hex:146}",
    "cloudflare": "cfut_{base62:40}{hex:8}",
    "alibaba": "LTAI{base62:20}",
    "tencent": "AKID{base62:32}",
    "yandex": "AQVN{url:35}",
    "yandex-iam": "t1.{url:160}.{url:86}",
    "scaleway": "SCW{upper36:17}",
    "vault": "hvs.{url:91}",
    "terraform": "{base62:14}.atlasv1.{url:67}",
    "doppler": "dp.st.dev.{base62:43}",
    "infisical": "st.{uuid}.{hex:32}.{hex:32}",
    "onepassword-account": "ops_eyJ{url:300}",
    "onepassword-secret-key": "A3-{upper36:6}-{upper36:6}-{upper36:5}-{upper36:5}-{upper36:5}-{upper36:5}",
    "pulumi": "pul-{hex:40}",
    "tailscale": "tskey-auth-{base62:17}-{base62:32}",
    "databricks": "dapi{hex:32}",
    "supabase": "sbp_{hex:40}",
    "planetscale": "pscale_tkn_{url:43}",
    "neon": "napi_{lower36:64}",
    "neon-password": "npg_{base62:12}",
    "aiven": "AVNS_{url:19}",
    "cockroach": "CCDB1_{base62:22}_{base62:40}",
    "mongodb-atlas": "mdb_sa_sk_{url:40}",
    "materialize": "mzp_{hex:64}",
    "dbt": "dbtc_{url:44}",
    "confluent": "cflt{base64:60}",
    "elastic": "essu_{base64:90}",
    "github-fine-grained": "github_pat_{base62:22}_{base62:59}",
    "gitlab": "glpat-{url:20}",
    "gitlab-routable": "glpat-{url:27}.01.0w{lower36:7}",
    "gitlab-registration": "GR1348941{url:20}",
    "bitbucket-app": "ATBB{base62:24}{HEX:8}",
    "atlassian": "ATATT3xFfGF0{url:170}={HEX:8}",
    "pypi": "pypi-AgEIcHlwaS5vcmc{url:140}",
    "rubygems": "rubygems_{hex:48}",
    "crates": "cio{base62:32}",
    "docker-hub": "dckr_pat_{url:27}",
    "nuget": "oy2{lower36:43}",
    "clojars": "CLOJARS_{hex:60}",
    "packagist": "packagist_ort_{hex:68}",
    "artifactory-key": "AKCp{base62:69}",
    "artifactory-reference": "cmVmdGtu{base62:56}",
    "circleci": "CCIPAT_{base62:22}_{hex:40}",
    "buildkite": "bkua_{hex:40}",
    "sonar": "squ_{hex:40}",
    "harness": "pat.{url:22}.{hex:24}.{base62:20}",
    "sourcegraph": "sgp_{hex:16}_{hex:40}",
    "octopus": "API-{upper36:29}",
    "prefect": "pnu_{base62:36}",
    "postman": "PMAK-{hex:24}-{hex:34}",
    "readme": "rdme_{lower36:70}",
    "new-relic": "NRAK-{upper36:27}",
    "new-relic-licence": "{hex:36}NRAL",
    "sentry": "sntryu_{hex:64}",
    "grafana": "glsa_{base62:32}_{hex:8}",
    "grafana-cloud": "glc_eyJ{base64:120}",
    "dynatrace": "dt0c01.{upper36:24}.{upper36:64}",
    "honeycomb": "hcaik_{lower36:58}",
    "posthog": "phx_{base62:43}",
    "launchdarkly": "sdk-{uuid}",
    "statsig": "secret-{base62:43}",
    "segment": "sgp_{base62:64}",
    "ory": "ory_pat_{base62:32}",
    "linear": "lin_api_{base62:40}",
    "figma": "figd_{url:40}",
    "contentful": "CFPAT-{url:43}",
    "frame-io": "fio-u-{url:64}",
    "mapbox": "sk.eyJ{url:80}.{url:22}",
    "stripe-live": "sk_live_{base62:99}",
    "stripe-test": "rk_test_{base62:99}",
    "webhook-secret": "whsec_{base62:32}",
    "square-access": "EAAA{url:60}",
    "square-secret": "sq0csp-{url:43}",
    "braintree": "access_token$production${lower36:16}${hex:32}",
    "plaid": "access-production-{uuid}",
    "paystack": "sk_live_{hex:40}",
    "flutterwave": "FLWSECK-{hex:32}-X",
    "razorpay": "rzp_live_{base62:14}",
    "mollie": "live_{base62:30}",
    "gocardless": "live_{url:40}",
    "lob": "live_{hex:35}",
    "easypost": "EZAK{base62:54}",
    "shippo": "shippo_live_{hex:40}",
    "duffel": "duffel_test_{url:43}",
    "shopify": "shpat_{hex:32}",
    "slack-token": "xoxb-{digits:12}-{digits:13}-{base62:24}",
    "slack-app": "xapp-1-A{upper36:10}-{digits:13}-{hex:64}",
    "discord-webhook": "discord.com/api/webhooks/{digits:18}/«{url:68}»",
    "slack-webhook": "hooks.slack.com/services/«T{upper36:10}/B{upper36:10}/{base62:24}»",
    "telegram-bot": "{digits:10}:AA{url:33}",
    "twilio-key": "SK{hex:32}",
    "sendgrid": "SG.{url:22}.{url:43}",
    "mailgun": "{hex:32}-{hex:8}-{hex:8}",
    "mailchimp": "{hex:32}-us14",
    "mandrill": "md-{base62:22}",
    "brevo": "xkeysib-{hex:64}-{base62:16}",
    "resend": "re_{base62:8}_{base62:24}",
    "hubspot": "pat-na1-{uuid}",
    "klaviyo": "pk_{hex:34}",
    "intercom": "dG9rO{base64:54}=",
    "notion": "ntn_{digits:11}{base62:35}",
    "airtable": "pat{base62:14}.{hex:64}",
    "asana": "1/{digits:16}:{hex:32}",
    "clickup": "pk_{digits:8}_{upper36:32}",
    "typeform": "tfp_{base62:44}_{base62:14}",
    "dropbox": "sl.{url:140}",
    "facebook": "EAA{base62:180}",
    "linkedin": "WPL_AP1.{base62:16}",
    "twitter-bearer": "AAAAAAAAAAAAAAAAAAAAA{base62:17}%2B{base62:22}%3D{base62:50}",
    "ghost": "{hex:24}:{hex:64}",
    "salesforce": "00D{base62:15}!AQ{base62:94}",
}
"""A token of each form that needs no label, as long as its documentation says."""

FUNCTIONS: Mapping[str, Made] = {
    "github": with_crc("ghp_"),
    "npm": with_crc("npm_"),
    "jwt": jwt,
    "github-jwt": lambda dice: f"ghs_{text(dice, 'digits', 7)}_{jwt(dice)}",
    "age-key": lambda dice: bech32("age-secret-key-")(dice).upper(),
    "nostr-key": bech32("nsec"),
    "extended-private-key": extended_key,
    "discord-bot": discord,
    "encoded-private-key": lambda dice: base64.b64encode(pem("RSA PRIVATE KEY", 900)(dice).encode()).decode(),
    "minisign": lambda dice: "RWR" + "T" + text(dice, "base64", 208),
    "crypt-hash": lambda dice: fill(dice, "$2b$12${crypt:53}"),
    "argon2-hash": lambda dice: fill(dice, "$argon2id$v=19$m=65536,t=3,p=4${base64:22}${base64:43}"),
    "framework-hash": lambda dice: fill(dice, "pbkdf2_sha256$600000${base62:22}${base64:43}="),
    "firefox": lambda dice: "MDIEEPgAAAAAAAAAAAAAAAAAAAE" + text(dice, "base64", 40) + "=",
    "directory-hash": lambda dice: f"{{SSHA}}«{text(dice, 'base64', 32)}»",
}

LABELLED: Mapping[str, str] = {
    "aws-secret-key": "aws_secret_access_key = «{base64:40}»",
    "aws-secret-key-beside-id": "build,AKIA{base32:16},«{base64:40}»",
    "aws-signature": "GET /a?X-Amz-Date=20260101T000000Z&X-Amz-Signature=«{hex:64}»",
    "google-private-key-id": '"private_key_id": "«{hex:40}»"',
    "google-signature": "GET /b/o?X-Goog-Signature=«{hex:512}»",
    "azure-storage-key": "AccountName=shop;AccountKey=«{base64:86}==»;",
    "azure-shared-access-signature": "?sv=2024-11-04&sr=b&sig=«{base62:43}%3D»",
    "heroku-uuid": "HEROKU_API_KEY=«{uuid}»",
    "vault-legacy": "VAULT_TOKEN=«s.{base62:24}»",
    "github-oauth-hex": "github.com:\n- user: ana\n  oauth_token: «{hex:40}»",
    "sentry-dsn": "https://{hex:32}:«{hex:32}»@sentry.local/2",
    "algolia": "ALGOLIA_ADMIN_KEY=«{hex:32}»",
    "ngrok": "authtoken: «2{base62:26}_{base62:21}»",
    "teams-webhook": "corp.webhook.office.com/webhookb2/«{uuid}@{uuid}/IncomingWebhook/{hex:32}/{uuid}»",
    "zapier-webhook": "hooks.zapier.com/hooks/catch/«{digits:7}/{lower36:7}»",
    "twilio-token": "TWILIO_AUTH_TOKEN=«{hex:32}»",
    "facebook-app": "access_token=«{digits:15}|{url:27}»",
    "ably": 'ABLY_API_KEY="«{base62:6}.{base62:6}:{url:43}»"',
    "okta": "Authorization: SSWS «00{url:40}»",
    "cloudinary": "cloudinary://{digits:15}:«{url:27}»@shop",
    "zendesk": "ana@shop.example/token:«{base62:40}»",
    "putty-key": "Private-Lines: 1\n«{base64:60}»",
    "json-web-key": '{"kty": "EC", "d": "«{url:43}»"}',
    "wallet-key": "private key: «5{base58:50}»",
    "wireguard": "PrivateKey = «{base64:42}M=»",
    "otp-seed": "otpauth://totp/Shop:ana?issuer=Shop&secret=«{base32:32}»",
    "password-quoted": '"password": "«Kr{base62:10}7»"',
    "app-password": 'EMAIL_HOST_PASSWORD = "«{lower:2}zk {lower:2}wt qlsx {lower:4}»"',
    "password-line": "  password: «Kr{base62:10}7»\n",
    "key-quoted": "SECRET_KEY = '«{base62:50}»'",
    "key-line": "export SESSION_SECRET=«{hex:64}»\n",
    "defined": "define('AUTH_KEY', '«{base62:30}|%&z {base62:30}»');",
    "xml-element": "<password>«Kr{base62:10}7»</password>",
    "xml-pair": '<add key="SmtpPassword" value="«Kr{base62:10}7»" />',
    "plist-pair": "<key>ApiToken</key>\n\t<string>«{base62:24}4x»</string>",
    "netrc": "machine shop.example login ana password «{base62:14}»",
    "password-word": "password «Kr{base62:10}7»\n",
    "command-option": "backup --user ana --password «Kr{base62:10}7» now",
    "command-credentials": "curl -s -u ana:«Kr{base62:10}7» localhost",
    "environment-before-command": "PGPASSWORD=«Kr{base62:10}7» psql -h localhost",
    "sql-password": "CREATE USER 'ana'@'%' IDENTIFIED BY '«Kr{base62:10}7»';",
    "url-password": "postgres://ana:«Kr{base62:10}7»@localhost:5432/shop",
    "url-token": "https://«{base62:36}»@github.local/shop.git",
    "connection-string": "Server=db1;Database=shop;User Id=ana;Password=«Kr{base62:10}7»;",
    "url-parameter": "GET /?user=ana&password=«Kr{base62:10}7»&x=1",
    "bearer": "Authorization: Bearer «{base62:40}»",
    "npmrc": "//registry.local/:_authToken=«{uuid}»",
    "header": "-H 'X-Api-Key: «{base62:32}»'",
    "passwd": "ana:«$1${crypt:8}${crypt:22}»:500:500::/home/ana:/bin/false",
    "named-value": "env:\n- name: DB_PASSWORD\n  value: «Kr{base62:10}7»",
    "default-value": "'password' => env('DB_PASSWORD', '«Kr{base62:10}7»'),",
    "dockerfile": "FROM debian\nENV DB_PASSWORD «Kr{base62:8}x77»\n",
    "typed-declaration": 'var dbPassword string = "«Kr{base62:10}7»"',
    "powershell": '$p = ConvertTo-SecureString "«Kr{base62:10}7»" -AsPlainText -Force',
    "postgres-hash": '"shop" "«md5{hex:32}»"',
    "ipsec": ': PSK "«Kr{base62:10}7»"',
    "oracle-login": "jdbc:oracle:thin:ana/«Kr{base62:10}7»@db1:1521:shop",
    "irc-servers": "N=chat\nL=6\nP=«Kr{base62:10}7»\nS=chat.example/6697\n",
    "connect-call": '$db = new mysqli("localhost", "ana", "«Kr{base62:10}7»", "shop");',
    "chap-secrets": "ana * «Kr{base62:10}7» *",
    "unattended": "<Password>\n<Value>«{base64:28}»</Value>",
    "smbpasswd": "ana:1000:«{HEX:32}:{HEX:32}»:[U          ]:LCT-5F000000:",
    "pgpass": "db1.local:5432:shop:ana:«Kr{base62:10}7»",
    "mail-credentials": "[smtp.shop.example]:587 ana@shop.example:«Kr{base62:10}7»",
    "subversion": "K 8\npassword\nV 14\n«Kr{base62:11}7»\nK 15\n",
    "login-call": "conn.login('ana@shop.example', '«Kr{base62:10}7»', done);",
    "erlang-tuple": '{default_pass, <<"«Kr{base62:10}7»">>}',
    "said-password": "My password is «Kr{base62:10}7», please log in for me.",
}
"""Text in which the label stands that such a value needs; the value between « and »."""

LABELLED_FUNCTIONS: Mapping[str, Made] = {
    "private-key": lambda dice: f"«{pem('RSA PRIVATE KEY', 900)(dice)}»",
    "basic": lambda dice: f"Authorization: Basic «{_credentials(dice)}»",
    "docker-auth": lambda dice: f'{{"auths": {{"registry.local": {{"auth": "«{_credentials(dice)}»"}}}}}}',
}


def _credentials(dice: Random) -> str:
    return base64.b64encode(f"ana:Kr{text(dice, 'base62', 9)}7".encode()).decode()


def token(name: str, dice: Random) -> str:
    """A token of a form that needs no label; its value between « and » where that is not all of it."""
    return FUNCTIONS[name](dice) if name in FUNCTIONS else fill(dice, TEMPLATES[name])


def labelled(name: str, dice: Random) -> str:
    """A text with a value that needs its label; the value between « and »."""
    return LABELLED_FUNCTIONS[name](dice) if name in LABELLED_FUNCTIONS else fill(dice, LABELLED[name])


TOKENS = (*TEMPLATES, *FUNCTIONS)
LABELS = (*LABELLED, *LABELLED_FUNCTIONS)
