"""Credentials of chat, mail and telephony, and addresses that let anybody post."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import END, UUID, A, B, H, W, token
from lockgate.content.detection.table import Token

CHAT: Final[tuple[Token, ...]] = (
    token(
        "slack",
        "xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs-",
        r"(?<![0-9A-Za-z.])(?:xoxe\.)?xox[abcdeoprs]-[0-9A-Za-z_%-]{10,250}",
        lead=5,
    ),
    token("slack", "xapp-", rf"{B}xapp-[0-9]-{W}{{20,250}}"),
    token(
        "slack_webhook",
        "hooks.slack.com/",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[0-9A-Za-z/_]{20,120}",
    ),
    token(
        "discord_webhook",
        "discord.com/api/webhooks/ discordapp.com/api/webhooks/",
        rf"discord(?:app)?\.com/api/webhooks/[0-9]{{1,25}}/{W}{{40,90}}",
    ),
    token(
        "teams_webhook",
        "webhook",
        r"webhook[\w.]{0,40}/[0-9a-f@-]{60,90}/IncomingWebhook/[0-9A-Za-z/-]{9,120}",
    ),
    token(
        "google_chat_webhook",
        "chat.googleapis.com/v1/spaces/",
        rf"chat\.googleapis\.com/v1/spaces/{W}{{8,20}}/messages\?key={W}{{30,60}}&token=[0-9A-Za-z_%-]{{30,80}}",
    ),
    token("feishu_webhook", "/open-apis/bot/v2/hook/", rf"/open-apis/bot/v2/hook/(?P<v>{UUID}){END}"),
    token(
        "dingtalk_webhook",
        "oapi.dingtalk.com/robot/send?access_token=",
        rf"oapi\.dingtalk\.com/robot/send\?access_token=(?P<v>{H}{{64}}){END}",
    ),
    token(
        "wecom_webhook",
        "qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",
        rf"qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=(?P<v>{UUID}){END}",
    ),
    token(
        "zapier_webhook",
        "hooks.zapier.com/hooks/catch/",
        r"hooks\.zapier\.com/hooks/catch/[0-9]{1,12}/[0-9a-z]{5,20}",
    ),
    token(
        "ifttt_webhook",
        "maker.ifttt.com/trigger/",
        rf"maker\.ifttt\.com/trigger/{W}{{1,80}}/(?:json/)?with/key/{W}{{20,50}}",
    ),
    token("telegram", ":AA", rf"{B}[0-9]{{8,10}}:AA{W}{{33}}(?!{W})", lead=10, front="0123456789"),
    token("telegram", "tgram://", rf"tgram://(?P<v>[0-9]{{8,10}}:{W}{{35}})(?!{W})"),
    token("matrix", "syt_", rf"{B}syt_[0-9A-Za-z+/=]{{4,80}}_[A-Za-z]{{20}}_{A}{{6}}{END}"),
    token("pubnub", "sub-c- pub-c- sec-c-", rf"{B}(?:(?:sub|pub)-c-{UUID}|sec-c-{A}{{48}}){END}"),
    token("onesignal", "os_v2_", rf"{B}os_v2_(?:app|org)_[0-9a-z]{{80,120}}{END}"),
    token("courier", "pk_prod_ pk_test_", rf"{B}pk_(?:prod|test)_[0-9A-Z]{{28}}{END}"),
    token("twilio", "SK AC", rf"{B}(?:SK|AC){H}{{32}}{END}"),
    token("intercom", "dG9rO", rf"{B}dG9rO[0-9A-Za-z+/]{{50,90}}={{0,2}}"),
)
MAIL: Final[tuple[Token, ...]] = (
    token("sendgrid", "SG.", rf"{B}SG\.{W}{{16,32}}\.{W}{{32,64}}"),
    token("mailgun", "key-", rf"{B}key-(?:{H}{{32}}){END}"),
    token("mailchimp", "-us", rf"{B}{H}{{32}}-us[0-9]{{1,2}}{END}", lead=32, front="0123456789abcdef"),
    token("mandrill", "md-", rf"{B}md-{W}{{22}}(?!{W})", 0.9),
    token("brevo", "xkeysib- xsmtpsib-", rf"{B}x(?:key|smtp)sib-{H}{{64}}-{A}{{16}}{END}"),
    token("resend", "re_", rf"{B}re_{A}{{7,8}}_{A}{{24}}{END}"),
    token("mailersend", "mlsn.", rf"{B}mlsn\.{H}{{64}}{END}"),
    token(
        "postmark",
        "x-postmark-server-token x-postmark-account-token",
        rf"(?i:x-postmark-(?:server|account)-token)[\"']?[:=,] ?[\"']?(?P<v>{UUID}){END}",
        fold=True,
    ),
    token("klaviyo", "pk_", rf"{B}pk_{H}{{34}}{END}"),
    token("kit", "kit_", rf"{B}kit_{H}{{32}}{END}"),
)
TOKENS: Final = (*CHAT, *MAIL)
