"""Made-up credentials, a recipe for every row: `{a36}` is 36 characters of class `a`, drawn by the tests.

Nothing here looks like a credential before it is drawn (`~` is left out then), so that no scanner of repositories
takes this file for a leak. Classes: a letter or digit, w also `_-`, h hex, b base64, l lower case or digit,
U upper case or digit, d digit, L letter, z bech32; `{u}` is a UUID, `{n}` a new line, `{pem}` a key in armor in
base64, `{crc30}` 30 characters and their check sum, `{pair}` a user and a password in base64, `{nats}` a seed with
its check sum behind two letters.
"""

from __future__ import annotations

import random
import re
import string
from base64 import b32encode, b64encode
from binascii import crc32, crc_hqx

CLASSES = {
    "a": string.ascii_letters + string.digits,
    "w": string.ascii_letters + string.digits + "_-",
    "h": string.digits + "abcdef",
    "b": string.ascii_letters + string.digits + "+/",
    "l": string.ascii_lowercase + string.digits,
    "U": string.ascii_uppercase + string.digits,
    "d": "123456789",
    "L": string.ascii_letters,
    "z": "acdefghjklmnpqrstuvwxyz023456789",
}
RECIPES = r"""
aws_access_key|AK~IA{U16}
aws_secret_key|aws_secret_access_key = {b40}
aws_secret_key|"SecretAccessKey": "{b40}"
aws_bedrock|AB~SK{b120}
aws_bedrock|bedrock-api-~key-{b60}
aws_mws|amzn.~mws.{u}
aws_appsync|da~2-{l26}
amazon_login|amzn1.~oa2-cs.v1.{h64}
gcp_api_key|AI~za{w35}
gcp_oauth|ya~29.{w40}
gcp_oauth_client|GOC~SPX-{w28}
gcp_refresh_token|1/~/0{w44}
gcp_storage_hmac|GOO~G1{U56}
gcp_messaging|AAAA{w7}:AP~A91{w130}
google_service|"private_~key_id": "{h40}"
azure_storage_key|Account~Key={b86}==
azure_storage_key|{b76}+A~St{b6}==
azure_shared_key|SharedAccess~Key={b43}=
azure_shared_key|{b33}+A~Sb{b6}=
azure_search|{a42}Az~SeB{a5}
azure_container_registry|{b42}+A~CRC{b5}
azure_function|{w44}Az~Fu{w5}A==
azure_cache|{a33}Az~CaB{a5}=
azure_ai|{a52}JQ~QJ99{a26}
azure_app_configuration|Endpoint=https://a.azconfig.io;Id=ab;Sec~ret={b43}=
azure_client_secret|{a3}8Q~{a34}
azure_sas|?sv=2024&sig={a43}%3D
azure_devops|{a76}AZ~DO{a4}
alibaba|LT~AI{a20}
tencent|AK~ID{a32}
yandex_cloud|AQ~VN{w36}
yandex_cloud|t1~.{w60}.{w86}
yandex_oauth|y0~_{w58}
digitalocean|dop_~v1_{h64}
digitalocean|DO~00{U16}
scaleway|SC~W{U17}
flyio|fo~1_{w43}
flyio|fm~2_{b120}
heroku|HR~KU-{w36}
render|rn~d_{a32}
vercel|vercel_~blob_rw_{a16}_{a30}
vercel|vc~p_{a56}
netlify|nf~p_{a36}
scalingo|tk-~us-{w48}
cloudflare|v1~.0-{h24}-{h146}
cloudflare|cf~ut_{a48}
akamai|ak~ab-{l16}-{l16}
databricks|da~pi{h32}
pulumi|pu~l-{h40}
terraform|{a14}.atlas~v1.{w67}
vault|hv~s.{w90}
tailscale|ts~key-auth-{a12}-{a32}
defined_networking|dn~key-{w26}-{w43}
netbird|nb~p_{a36}
backblaze|K0~05{b27}
docker_swarm|SWM~TKN-1-{w50}
k3s|K1~0{h64}::server:{h32}
kubernetes|client-key-~data: {b200}==
github|gh~p_{a36}
github|gh~o_{crc30}
github|github_~pat_{a22}_{a59}
gitlab|gl~pat-{w20}
gitlab|GR~1348941{w20}
bitbucket|AT~BB{a32}
bitbucket|AT~CTT3xFfG{w170}
bitbucket|BB~DC-{b44}
atlassian|AT~ATT3{w180}
trello|AT~TA{a72}
sourcegraph|sg~p_{h16}_{h40}
sourcegraph|sl~k_{h64}
phabricator|ap~i-{l28}
circleci|CC~IPAT_{a22}_{h40}
buildkite|bk~ua_{h40}
octopus|AP~I-{U26}
teamcity|eyJ0eXAiOiAi~VENWMiJ9.{w36}.{w48}
harness|pa~t.{w22}.{h24}.{a20}
sonarqube|sq~p_{h40}
launchdarkly|sd~k-{u}
unleash|*:develop~ment.{h56}
configcat|configcat-~sdk-1/{w22}/{w22}
depot|depot_~project_{h64}
prefect|pn~u_{a36}
dbt|db~tu_{w40}
infracost|ic~o-{a32}
browserstack|bs~aut_{a20}
npm|np~m_{a36}
npm|np~m_{crc30}
pypi|pypi-~AgE{w160}
rubygems|ruby~gems_{h48}
crates_io|ci~o{a32}
nuget|oy~2{l43}
clojars|CLO~JARS_{h60}
packagist|packagist_~out_{h68}
docker|dckr_~pat_{w27}
artifactory|AK~Cp{a69}
artifactory|cmVm~dGtuO{a55}
open_vsx|ovs~xp_{u}
postman|PM~AK-{h24}-{h34}
figma|fi~gd_{w40}
linear|lin_~api_{a40}
notion|nt~n_{a46}
notion|sec~ret_{a43}
airtable|pa~t{a14}.{h64}
asana|2/{d16}/{d16}:{h32}
clickup|pk~_{d8}_{U32}
contentful|CF~PAT-{w43}
readme|rd~me_{l70}
retool|ret~ool_01{a26}
typeform|tf~p_{w59}
n8n|n8n_~api_{h40}
apify|apify_~api_{a36}
adafruit|ai~o_{a28}
mapbox|sk~.eyJ{w60}.{w22}
duffel|duffel_~live_{w43}
easypost|EZ~AK{a54}
shippo|shippo_~live_{h40}
samsara|samsara_~api_{a30}
frameio|fi~o-u-{w64}
wundergraph|cos~mo_{h32}
apollo_graphql|serv~ice:graph:{a22}
dependency_track|od~t_{a32}
alchemy|al~cht_{a30}
openai|sk-{a20}T3Bl~bkFJ{a20}
openai|sk-~proj-{w100}
anthropic|sk-~ant-api03-{w95}
openrouter|sk-~or-v1-{h64}
langfuse|sk-~lf-{u}
helicone|sk-~helicone-{w40}
huggingface|hf~_{a34}
huggingface|api_~org_{a34}
groq|gs~k_{a52}
deepseek|sk~-{h32}
perplexity|pp~lx-{a48}
replicate|r8~_{a37}
xai|xa~i-{a80}
together|tg~p_v1_{w43}
fireworks|fw~_{a24}
cerebras|cs~k-{l48}
nvidia|nv~api-{w64}
langsmith|ls~v2_pt_{h32}_{h10}
wandb|wandb_~v1_{w80}
tavily|tv~ly-{w32}
jina|ji~na_{a60}
firecrawl|fc~-{h32}
elevenlabs|sk~_{h48}
voyage|pa~-{w43}
pinecone|pc~sk_{a5}_{a63}
e2b|e2~b_{h40}
modal|ak~-7{a21}
runpod|rp~a_{a44}
cartesia|sk_~car_{w24}
friendli|fl~p_{a46}
llama_api|LL~M|{d15}|{w27}
llamacloud|ll~x-{a48}
browserbase|bb_~live_{w27}
coze|pa~t_{a64}
cursor|cr~sr_{h64}
vectara|zq~t_{w40}
mem0|m0~-{a40}
stripe|sk_~live_{a24}
stripe|sk_~test_{a24}
stripe|wh~sec_{a32}
shopify|shp~at_{h32}
square|sq0~csp-{w43}
square|EA~AA{w60}
braintree|access_~token$production${l16}${h32}
plaid|access-~sandbox-{u}
razorpay|rzp_~live_{a14}
flutterwave|FLW~SECK-{h32}-X
paddle|pdl_~live_apikey_{l26}_{a22}_{a3}
mercado_pago|APP_~USR-{d16}-{d6}-{h32}-{d9}
midtrans|Mid-~server-{w24}
omise|sk~ey_{l19}
xendit|xnd_~production_{a56}
cashfree|cfsk_~ma_prod_{h32}_{h8}
sumup|sup_~sk_{a32}
woocommerce|ck~_{h40}
gocardless|li~ve_{w40}
checkout_com|sk_~sbox_{l27}
adyen|AQ~Exhm{b60}=-{b44}=-{a12}
slack|xo~xb-{d12}-{a24}
slack|xa~pp-1-{U11}-{a60}
slack_webhook|https://hooks.~slack.com/services/T{U8}/B{U8}/{a24}
discord_webhook|https://discord.~com/api/webhooks/{d18}/{w68}
teams_webhook|https://a.web~hook.office.com/webhookb2/{u}@{u}/IncomingWebhook/{h32}/{u}
google_chat_webhook|https://chat.~googleapis.com/v1/spaces/{a11}/messages?key={w39}&token={w43}
feishu_webhook|https://open.feishu.cn/open-~apis/bot/v2/hook/{u}
dingtalk_webhook|https://oapi.~dingtalk.com/robot/send?access_token={h64}
wecom_webhook|https://qyapi.~weixin.qq.com/cgi-bin/webhook/send?key={u}
zapier_webhook|https://hooks.~zapier.com/hooks/catch/{d7}/{l7}
ifttt_webhook|https://maker.~ifttt.com/trigger/lamp/with/key/{w22}
telegram|{d9}:A~A{w33}
telegram|tg~ram://{d9}:{w35}
matrix|sy~t_{a12}_{L20}_{a6}
pubnub|se~c-c-{a48}
onesignal|os_~v2_app_{l100}
courier|pk_~prod_{U28}
twilio|S~K{h32}
intercom|dG9~rO{b55}
sendgrid|S~G.{w22}.{w43}
mailgun|ke~y-{h32}
mailchimp|{h32}-u~s12
mandrill|m~d-{w22}
brevo|xkey~sib-{h64}-{a16}
resend|r~e_{a8}_{a24}
mailersend|ml~sn.{h64}
postmark|X-Postmark-~Server-Token: {u}
klaviyo|p~k_{h34}
kit|ki~t_{h32}
grafana|gl~c_{a60}
grafana|ey~JrIjoi{b70}
newrelic|NR~AK-{U27}
newrelic|{h36}NR~AL
dynatrace|dt~0c01.{U24}.{U64}
sentry|sn~trys_eyJ{b120}
sentry|sn~tryu_{h64}
honeycomb|hca~ik_{l58}
honeybadger|hb~p_{a36}
posthog|ph~x_{a43}
axiom|xa~at-{u}
uptimerobot|u~r1234567-{h24}
rootly|root~ly_{h64}
coralogix|cx~tp_{a30}
elastic|es~su_{b60}
splunk|Authorization: Splunk {u}
supabase|sb~p_{h40}
supabase|sb_~secret_{w22}_{w8}
planetscale|pscale_~tkn_{w43}
neon|na~pi_{l64}
mongodb_atlas|mdb_~sa_sk_{w40}
cockroach|CC~DB1_{a22}_{a40}
fauna|fn~A{w37}
xata|xa~u_{a43}
confluent|cf~lt{b60}
tinybird|p.e~yJ{w80}.{w43}
materialize|mz~p_{h64}
astra|Astra~CS:{a24}:{h64}
clickhouse|4b~1d{a38}
doppler|dp.~pt.{a43}
one_password|ops_~eyJ{a400}
one_password|A3~-{U6}-{U11}-{U5}-{U5}-{U5}
infisical|s~t.{h24}.{h32}.{h32}
okta|Authorization: SS~WS 00{w40}
ory|ory_~pat_{a32}
stytch|secret-~live-{w36}
permit|permit_~key_{a80}
facebook|EA~A7{a120}
facebook_app|{d15}|{w27}
instagram|IG~QV{a120}
twitter|AAAAAAAAAA~AAAAAAAAAAAA{a70}
twitch|li~ve_{d9}_{a30}
pinterest|pi~na_{U48}
dropbox|s~l.{w140}
dropbox|{L11}AAAAA~AAAAA{w43}
salesforce|0~0D{a12}!{a96}
salesforce|5A~ep861{a80}
hubspot|pa~t-na1-{u}
zoho|100~0.{h32}.{h32}
close_crm|ap~i_{a22}.{a22}
teamwork|tk~n.v1_{b80}=
cal_com|cal_~live_{h32}
kagi|https://kagi.com/sear~ch?token={w11}.{w43}
censys|cen~sys_{a8}_{a32}
private_key|-----BEGIN ~RSA PRIVATE KEY-----{n}{b64}{n}-----END RSA PRIVATE KEY-----
private_key|---- BEGIN ~SSH2 ENCRYPTED PRIVATE KEY ----{n}
private_key|PuTTY-User-~Key-File-3: ssh-ed25519{n}
private_key|b3BlbnNzaC1r~ZXktdjEA{b80}
private_key|MIIE{b2}IBADANBgkqhki~G9w0BAQEFAASC{b90}
private_key|MIIE{b2}IBAA~KCAQEA{b90}
private_key|{pem}
pkcs12|MIIK{b1}gIB~AzCC{b240}
jwk|{"kty":"~EC","crv":"P-256","d":"{w43}"}
jwk|{"d": "~{w43}", "crv": "P-256", "kty": "EC"}
age|AGE-SECRET-~KEY-1{U58}
wireguard|Private~Key = {b43}=
minisign|untrusted comment: minisign ~encrypted secret key{n}{b200}==
crypto_wallet|xp~rv{a107}
nostr|ns~ec1{z58}
jwt|e~yJ{w34}.eyJ{w60}.{w43}
http_basic|Authorization: ~Basic {b24}
http_basic|~Basic {b24}
http_bearer|Bearer ~7{a31}
password_hash|$2~b$12${a53}
password_hash|$6~${a8}${a86}
password_hash|$y~$j9T${a22}${a43}
password_hash|$arg~on2id$v=19$m=65536,t=3,p=4${a22}${a43}
password_hash|pbkdf2_~sha256$600000${a22}${b43}=
password_hash|{SS~HA}{b38}==
password_hash|SCRAM-~SHA-256$4096:{a22}==${b43}=:{b43}=
password_hash|$P~$B{a30}
kerberos_hash|$krb5~tgs$23$*svc$CORP$svc*${h64}
ntlm_hash|500:aad3b435b51404ee~aad3b435b51404ee:{h32}:::
url_password|postgresql://app:{a14}@db.corp:5432/pay
dsn_password|app:{a12}@tcp(db:3306)/pay
command_password|curl -u tom:{a12} https://files.corp
command_password|sshpass -p {a12} ssh tom@files
netrc|machine files.corp login tom password {a12}
postman|PM~AT-{U26}
command_password|openssl req -passin pass:{a12} -new
command_password|psexec \\10.0.0.7 -u tom -p {a12} cmd
command_password|mysql -u root -p7{a12} shop
command_password|redis-cli -h cache -a {a12}
command_password|smbclient //files/pay -U tom%{a12}
command_password|docker login -u tom -p {a12} reg.corp
command_password|net use z: \\files\pay {a12} /user:tom
command_password|ALTER USER 'tom'@'%' IDENTIFIED WITH mysql_native_password BY '{a12}';
password|ConvertTo-SecureString "{a12}" -AsPlainText -Force
password|new NetworkCredential("tom", "{a12}")
http_basic|if auth != "~Basic aZ4{b20}="
http_basic|{"auth": "{pair}"}
http_bearer|Authorization: ~Bearer 7{a12}k
dsn_password|Server=db;User Id=app;Password={a12};Database=pay
dsn_password|jdbc:oracle:thin:app/{a12}@db:1521:pay
dsn_password|sqlplus app/{a12}@pay
dsn_password|db.corp:5432:pay:app:{a12}
url_password|smtps://tom@corp.example:{a14}@mail.corp:465
wordpress|define('LOGGED_IN_KEY', '{a64}');
password_hash|enable password 7 08{d12}
password_hash|$9~${a14}${a43}
vault|Unseal Key 1: {b44}
vault|s.4hD~{a21}
sonarqube|-Dsonar.login={h40}
nats|SU{nats}
""".strip()
CASES = [tuple(line.split("|", 1)) for line in RECIPES.splitlines()]
_PART = re.compile(r"\{([ahblUdLzwun]|pem|crc|pair|nats)([0-9]*)\}")


def draw(recipe: str, maker: random.Random, fill: str = "", part: float = 1.0) -> str:
    """Return a credential of a recipe; parts are as long as `part` of what it says, and all `fill` if given."""

    def one(match: re.Match[str]) -> str:
        name, size = match[1], max(1, int(int(match[2] or 0) * part))
        if name == "n":
            return "\n"
        if name == "u":
            text = "-".join(piece(maker, "h", length) for length in (8, 4, 4, 4, 12))
            return text if part == 1.0 else text[:9]
        if name == "pem":
            text = "-----BEGIN ~EC PRIVATE KEY-----\n" + piece(maker, "b", 90)
            text = text if part == 1.0 else text.replace("PRIVATE", "PUBLIC")
            return b64encode(text.replace("~", "").encode()).decode()
        if name == "pair":
            return b64encode(
                f"tom:{piece(maker, 'a', max(2, int(12 * part)))}"[: int(16 * part)].encode()
            ).decode()
        if name == "nats":
            seed = b"\x95\x00" + maker.randbytes(32)
            return b32encode(seed + crc_hqx(seed, 0).to_bytes(2, "little")).decode()[2 : int(58 * part)]
        if name == "crc":
            return with_sum(piece(maker, "a", size))
        return fill * size if fill else piece(maker, name, size)

    return _PART.sub(one, recipe.replace("~", "", 1) if "8Q~" not in recipe else recipe)


def piece(maker: random.Random, name: str, size: int) -> str:
    return "".join(maker.choices(CLASSES[name], k=size - 1)) + maker.choice(CLASSES[name].strip("_-+/"))


def with_sum(text: str) -> str:
    rest, digits = crc32(text.encode()), ""
    order = string.digits + string.ascii_uppercase + string.ascii_lowercase
    for _ in range(6):
        rest, last = divmod(rest, 62)
        digits = order[last] + digits
    return text + digits
