"""Patterns of credentials: formats with a prefix or a frame."""

import re
from dataclasses import dataclass

#: The kind of a private key.
PRIVATE_KEY = "a private key"

#: The kind of a file that is for credentials, such as ``.env``, and has some.
CREDENTIAL_FILE = "a file for credentials"


@dataclass(frozen=True)
class Pattern:
    """A format of credentials."""

    kind: str
    #: Each credential contains one of these, which are searched first, since that is fast.
    marks: tuple[bytes, ...]
    pattern: re.Pattern[bytes]


def _pattern(kind: str, marks: str, pattern: str) -> Pattern:
    return Pattern(kind, tuple(mark.encode() for mark in marks.split()), re.compile(pattern.encode()))


# Each with the documentation or the source of its issuer.
PATTERNS: tuple[Pattern, ...] = (
    # A macaroon behind a prefix, whichever index made it: https://pypi.org/help/#apitoken; "Ag" is the first byte
    # of the second version of that format: rescrv/libmacaroons, doc/format.txt
    _pattern("a PyPI token", "pypi-Ag", r"pypi-Ag[A-Za-z0-9_-]{60,}"),
    # https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
    _pattern("a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[pousr]_[A-Za-z0-9_.-]{36,}"),
    _pattern("a GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{60,}"),
    # https://docs.gitlab.com/security/tokens/#token-prefixes
    _pattern(
        "a GitLab token",
        "glpat- gloas- gldt- glrt- glrtr- glcbt- glptt- glft- glimt- glagent- glwt- glsoat- glffct- GR1348941",
        r"\b(?:gl(?:pat|oas|dt|rtr?|cbt|ptt|ft|imt|agent|wt|soat|ffct)-|GR1348941)[A-Za-z0-9_.-]{20,}",
    ),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    _pattern("an AWS access key", "AKIA ASIA ABIA ACCA", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b(?<!EXAMPLE)"),
    _pattern(
        "an AWS secret key",
        "secret_access_key SECRET_ACCESS_KEY SecretAccessKey",
        r"(?i:aws_?)?(?i:secret_?access_?key)[\"']?\s{0,3}[=:]\s{0,3}[\"']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
    ),
    # RFC 7468, RFC 9580 (OpenPGP), and OpenSSH's PROTOCOL.key; in JSON and in shells a line's end is written \n.
    _pattern(
        PRIVATE_KEY,
        "PRIVATE",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\+[rn]|[\w-]+: [^\r\n]+)*[A-Za-z0-9+/]{32}",
    ),
    # https://github.com/FiloSottile/age: Bech32 with that prefix
    _pattern("an age key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    # https://docs.slack.dev/authentication/tokens and https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    _pattern("a Slack token", "xox xapp-", r"\b(?:xox[abeoprs]|xoxe\.xox[bp]|xapp)-[0-9A-Za-z-]{20,}"),
    _pattern(
        "a Slack webhook", "hooks.slack.com/", r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{40,}"
    ),
    # https://github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format; before that a UUID in .npmrc
    _pattern("an npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}"),
    _pattern("an npm token", ":_authToken", r":_authToken\s?=\s?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
    # https://guides.rubygems.org/api-key-scopes, and rust-lang/crates.io, util/token.rs
    _pattern("a RubyGems key", "rubygems_", r"\brubygems_[0-9a-f]{48}"),
    _pattern("a crates.io token", "cio", r"\bcio[A-Za-z0-9]{32}\b"),
    # https://docs.docker.com/security/access-tokens
    _pattern("a Docker token", "dckr_pat_ dckr_oat_", r"\bdckr_[op]at_[A-Za-z0-9_-]{24,}"),
    # https://cloud.google.com/docs/authentication/api-keys
    _pattern("a Google API key", "AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
    # https://learn.microsoft.com/en-us/azure/storage/common/storage-configure-connection-string
    _pattern("an Azure storage key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    # https://docs.stripe.com/keys
    _pattern("a Stripe key", "sk_live_ rk_live_", r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    # https://platform.claude.com/docs/en/api/admin-api, https://platform.openai.com/docs/api-reference/authentication
    _pattern("an Anthropic key", "sk-ant-", r"\bsk-ant-[a-z0-9]+-[A-Za-z0-9_-]{80,}"),
    _pattern("an OpenAI key", "T3BlbkFJ", r"\bsk-[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}"),
    # https://huggingface.co/docs/hub/security-tokens
    _pattern("a Hugging Face token", "hf_", r"\bhf_[A-Za-z]{34}\b"),
    # https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys
    _pattern("a SendGrid key", "SG.", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    # https://docs.digitalocean.com/reference/api/create-personal-access-token
    _pattern("a DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", r"\bdo[opr]_v1_[0-9a-f]{64}"),
    # https://developer.hashicorp.com/vault/docs/concepts/tokens, and Terraform's "atlasv1"
    _pattern("a Vault token", "hvs. hvb.", r"\bhv[bs]\.[A-Za-z0-9_-]{90,}"),
    _pattern("a Terraform token", ".atlasv1.", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}"),
    # https://core.telegram.org/bots/features#botfather
    _pattern("a Telegram token", ":AA", r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b"),
    # https://docs.databricks.com/aws/en/dev-tools/auth/pat, https://shopify.dev/docs/apps/build/authentication-authorization
    _pattern("a Databricks token", "dapi", r"\bdapi[0-9a-f]{32}\b"),
    _pattern("a Shopify token", "shpat_ shpca_ shppa_ shpss_", r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    # https://docs.sentry.io/account/auth-tokens, https://grafana.com/docs/grafana/latest/administration/service-accounts
    _pattern("a Sentry token", "sntrys_ sntryu_", r"\b(?:sntryu_[0-9a-f]{64}|sntrys_[A-Za-z0-9+/=_]{60,})"),
    _pattern("a Grafana token", "glsa_ glc_", r"\b(?:glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|glc_[A-Za-z0-9+/]{40,})"),
)
