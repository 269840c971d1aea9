"""Credentials of providers of models, and of what is built around models."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import END, UUID, A, B, H, W, is_mixed, token
from lockgate.content.detection.table import Token

TOKENS: Final[tuple[Token, ...]] = (
    token("openai", "T3BlbkFJ", rf"{B}sk-{W}{{16,100}}T3BlbkFJ{W}{{16,100}}", lead=103),
    token(
        "openai", "sk-proj- sk-svcacct- sk-admin- sk-None-", rf"{B}sk-(?:proj|svcacct|admin|None)-{W}{{40,200}}"
    ),
    token("anthropic", "sk-ant-", rf"{B}sk-ant-[0-9a-z]{{2,12}}-{W}{{60,120}}"),
    token("openrouter", "sk-or-", rf"{B}sk-or-v1-{H}{{64}}{END}"),
    token("langfuse", "sk-lf-", rf"{B}sk-lf-{UUID}{END}"),
    token("helicone", "sk-helicone-", rf"{B}sk-helicone-{W}{{24,50}}"),
    token("huggingface", "hf_", rf"{B}hf_{A}{{34,40}}"),
    token("huggingface", "api_org_", rf"{B}api_org_{A}{{34}}{END}"),
    token("groq", "gsk_", rf"{B}gsk_{A}{{48,56}}{END}"),
    token("deepseek", "sk-", rf"{B}sk-{H}{{32}}{END}"),
    token("perplexity", "pplx-", rf"{B}pplx-{A}{{48}}{END}"),
    token("replicate", "r8_", rf"{B}r8_{W}{{37}}(?!{W})"),
    token("xai", "xai-", rf"{B}xai-{A}{{80}}{END}"),
    token("together", "tgp_v1_", rf"{B}tgp_v1_{W}{{43}}(?!{W})"),
    token("fireworks", "fw_", rf"{B}fw_{A}{{22,24}}{END}"),
    token("cerebras", "csk-", rf"{B}csk-[0-9a-z]{{48}}{END}"),
    token("nvidia", "nvapi-", rf"{B}nvapi-{W}{{60,70}}"),
    token("langsmith", "lsv2_", rf"{B}lsv2_(?:pt|sk)_{H}{{32}}_{H}{{10}}{END}"),
    token("wandb", "wandb_v1_", rf"{B}wandb_v1_{W}{{40,100}}"),
    token("tavily", "tvly-", rf"{B}tvly-{W}{{28,48}}"),
    token("jina", "jina_", rf"{B}jina_{W}{{60}}(?!{W})"),
    token("firecrawl", "fc-", rf"{B}fc-{H}{{32}}{END}"),
    token("elevenlabs", "sk_", rf"{B}sk_{H}{{48}}{END}"),
    token("voyage", "pa-", rf"{B}pa-{W}{{43}}(?!{W})"),
    token("pinecone", "pcsk_", rf"{B}pcsk_{A}{{5,6}}_{A}{{55,70}}{END}"),
    token("e2b", "e2b_", rf"{B}e2b_{H}{{40}}{END}"),
    token("modal", "ak- as-", rf"{B}a[ks]-{A}{{22}}{END}", 0.85, check=is_mixed),
    token("runpod", "rpa_", rf"{B}rpa_{A}{{40,52}}{END}"),
    token("cartesia", "sk_car_", rf"{B}sk_car_{W}{{20,50}}"),
    token("friendli", "flp_", rf"{B}flp_{A}{{40,52}}{END}"),
    token("llama_api", "LLM|", rf"{B}LLM\|[0-9]{{14,17}}\|{W}{{27,32}}"),
    token("llamacloud", "llx-", rf"{B}llx-{A}{{48}}{END}"),
    token("browserbase", "bb_live_", rf"{B}bb_live_{W}{{24,40}}"),
    token("coze", "pat_", rf"{B}pat_{A}{{64}}{END}"),
    token("cursor", "crsr_", rf"{B}crsr_{H}{{64}}{END}"),
    token("vectara", "zqt_ zut_ zwt_", rf"{B}z[quw]t_{W}{{36,44}}(?!{W})"),
    token("mem0", "m0-", rf"{B}m0-{A}{{40}}{END}"),
)
