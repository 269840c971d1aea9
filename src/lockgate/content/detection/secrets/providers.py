"""Names of providers whose keys have no form of their own: what stands behind the name and a word is one."""

from __future__ import annotations

import re
from typing import Final

_NAMES: Final = """
abuseipdb aiven algolia alphavantage amplitude anypoint apilayer assemblyai auth0 azure_openai bamboohr
betterstack binance bitbar bitly box bugsnag cloudinary cloudsmith codacy codecov cohere coinbase coveralls
cryptocompare datadog deepgram deepl discord docusign drone dwolla etherscan eventbrite fastly filestack finnhub
flickr freshdesk geoapify gitea gitter hellosign helpscout heroku hetzner holidayapi hunter infura ipinfo
ipstack jenkins jumpcloud kraken kucoin lemlist linkedin linode line_notify lob logzio lokalise looker mailjet
mattermost mediastack messagebird miro mistral mixpanel monday moralis netlify new_relic okta onelogin
openweather opsgenie ovh pagerduty pandadoc paypal pipedrive plivo polygon pubnub pusher qualaroo quickbooks
rapidapi recaptcha reddit rollbar scraperapi segment sendbird shodan sinch smartsheet snowflake snyk sonarcloud
sparkpost splunk spotify squarespace stability statuspage strava sumologic surveymonkey tatum tiingo todoist
toggl tomtom tradier travis trello twilio twitter unsplash urlscan vercel virustotal vonage vultr wakatime
weatherstack webflow workos wrike xero yelp youtube zapier zendesk zerobounce zoom
"""
PROVIDERS: Final = tuple(_NAMES.split())
_ANY: Final = re.compile(
    r"(?<![a-z])(?:" + "|".join(f"(?P<{one}>{one.replace('_', '[ _-]?')})" for one in PROVIDERS) + ")(?![a-z]{4})"
)
NEAR: Final = 28
"""How far in front of the word a provider's name may begin, in characters."""


def provider(text: str, start: int, end: int) -> str | None:
    """Return the provider that is named before or in a stretch of text, if any; in the same line."""
    low = max(text.rfind("\n", max(0, start - NEAR), start) + 1, start - NEAR, 0)
    match = _ANY.search(text[max(0, low - 1) : end].lower())
    return match.lastgroup if match else None
