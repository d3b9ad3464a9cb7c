"""The tables of the database of record. Definitions only; ``migrations`` brings a database file to them.

Times are whole seconds since the epoch, UTC; finer in ``entries``. Tenants are written as ``KeyProfile.tenant`` spells
them.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table

from penstock.core.usage import COUNTERS

metadata = MetaData()
server_metadata = MetaData()
"""What PostgreSQL needs beside these: there several machines share the database."""

# Told apart and put in order byte by byte, as SQLite does it, whatever the language of the server is.
TEXT = String().with_variant(String(collation="C"), "postgresql")
# PostgreSQL's Integer ends in 2038; SQLite's never does.
MOMENT = BigInteger().with_variant(Integer(), "sqlite")
NUMBER = MOMENT
"""Of rows, in the order in which they came in."""

keys = Table(
    "keys",
    metadata,
    Column("id", TEXT, primary_key=True, comment="The key's identity; survives rotation"),
    Column("name", TEXT, nullable=False),
    Column("team", TEXT),
    Column("owner", TEXT),
    Column("label", TEXT),
    Column("require_provider_key", Boolean, nullable=False),
    Column("created", MOMENT, nullable=False),
    Column("expires", MOMENT),
    Column("revoked", MOMENT),
    Column("models", TEXT, comment="Glob patterns of allowed models, a JSON list; NULL: all"),
    Column("routes", TEXT, comment="Glob patterns of allowed operations, a JSON list; NULL: all"),
    Column("intensity", TEXT, comment="How tersely answers are asked for; NULL: as the installation has it"),
    Column("smart", Boolean, comment="Whether detection decides; NULL: as the installation has it"),
    Column("holdout", Integer, comment="Percent; NULL: as the installation has it"),
    Column("scrub", TEXT, comment="What becomes of private values, as JSON; NULL: as the installation has it"),
    Column("quotas", TEXT, comment="As they are written, a JSON list; NULL: none of its own"),
    Column("changed", BigInteger, nullable=False, server_default="0", comment="The number of its last change"),
)

# A name that was revoked may be given again: the books know keys by their id. The same holds on PostgreSQL; to say so
# here would load its dialect everywhere.
Index("keys_name", keys.c.name, unique=True, sqlite_where=keys.c.revoked.is_(None))

Index("keys_changed", keys.c.changed)
Index("keys_team", keys.c.team)
Index("keys_owner", keys.c.owner)

key_secrets = Table(
    "key_secrets",
    metadata,
    Column("digest", TEXT, primary_key=True, comment="The keyed hash that stands for the key"),
    Column("key", TEXT, ForeignKey("keys.id"), nullable=False),
    Column("prefix", TEXT, nullable=False, comment="The key's first characters, to tell keys apart by"),
    Column("created", MOMENT, nullable=False),
    Column("expires", MOMENT, comment="When a secret that was rotated out stops working; NULL: with its key"),
    sqlite_with_rowid=False,
)

Index("key_secrets_key", key_secrets.c.key)


def _subjects(name: str) -> Table:
    """Teams and users: what holds for all of their keys."""
    return Table(
        name,
        metadata,
        Column("name", TEXT, primary_key=True),
        Column("label", TEXT),
        Column("models", TEXT, comment="As in keys, like the seven that follow"),
        Column("routes", TEXT),
        Column("intensity", TEXT),
        Column("smart", Boolean),
        Column("holdout", Integer),
        Column("scrub", TEXT),
        Column("quotas", TEXT),
        Column("created", MOMENT, nullable=False),
        sqlite_with_rowid=False,
    )


teams = _subjects("teams")
users = _subjects("users")

# Counts what is changed of keys, teams and users. Whoever changes something takes the next number first, and holds the
# row until it is written: so what has no larger number than a reader sees is there for it to read. What changes a team
# or a user gives its number to all keys of it.
changes = Table(
    "changes",
    metadata,
    Column("name", TEXT, primary_key=True, comment="keys: of all of them; subjects: of teams and users"),
    Column("number", BigInteger, nullable=False, comment="The last change's"),
    sqlite_with_rowid=False,
)

# Who changed what. Rows are only ever added: triggers refuse anything else.
audit = Table(
    "audit",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False, comment="Milliseconds since the epoch, UTC"),
    Column("who", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    Column("act", TEXT, nullable=False, comment="Such as key.rotate"),
    Column("kind", TEXT, nullable=False, comment="Of the subject: key, team, user, credential"),
    Column("subject", TEXT, nullable=False, comment="Its identity"),
    Column("name", TEXT, nullable=False, comment="What it was called then"),
    Column("before", TEXT, comment="As JSON, without secrets; NULL: it was not there"),
    Column("after", TEXT, comment="The same; NULL: it is gone"),
    sqlite_autoincrement=True,
)

Index("audit_subject", audit.c.kind, audit.c.subject)

objects = Table(
    "objects",
    metadata,
    Column("dialect", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True, comment="As the provider spells it"),
    Column("tenant", TEXT, nullable=False),
    Column("created", MOMENT, nullable=False),
    sqlite_with_rowid=False,
)

Index("objects_tenant", objects.c.tenant)

credentials = Table(
    "credentials",
    metadata,
    Column("name", TEXT, primary_key=True, comment="The provider row's name"),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False, comment="The operator's credential, encrypted"),
    Column("key_id", TEXT, nullable=False, comment="Which master key opens it"),
    Column("created", MOMENT, nullable=False),
    sqlite_with_rowid=False,
)


def _integer(name: str, comment: str | None = None) -> Column[int]:
    return Column(name, BigInteger, nullable=False, comment=comment)


def _string(name: str, comment: str | None = None) -> Column[str]:
    return Column(name, TEXT, nullable=False, comment=comment)


# One row per finished exchange. Nothing of a fixed size that repeats (no price maps, no settings), and no content.
entries = Table(
    "entries",
    metadata,
    Column(
        "number",
        NUMBER,
        primary_key=True,
        autoincrement=True,
        comment="The order in which rows came in: who has seen one has seen all before it",
    ),
    Column("id", TEXT, nullable=False, unique=True, comment="The exchange's"),
    _integer("at", "Milliseconds since the epoch, UTC"),
    _string("tenant"),
    _string("key"),
    _string("key_name"),
    _string("team"),
    _string("provider"),
    _string("credential"),
    _string("dialect"),
    _string("operation"),
    _string("model", "As the client asked"),
    _string("served", "The model that answered, as the provider names it"),
    _string("tier", "That model's"),
    Column("stream", Boolean, nullable=False),
    _string("client"),
    _string("conversation"),
    _string("trace"),
    Column("status", Integer, nullable=False),
    _string("outcome"),
    _string("fault"),
    _string("blame"),
    _string("source"),
    _string("price"),
    _string("batch"),
    Column("missing", Boolean, nullable=False),
    _integer("input"),
    _integer("input_audio"),
    _integer("input_image"),
    _integer("cache_write_5m"),
    _integer("cache_write_1h"),
    _integer("cache_read"),
    _integer("output"),
    _integer("output_audio"),
    _integer("output_image"),
    _integer("reasoning"),
    Column("tools", TEXT, comment="Calls of server tools, a JSON list of pairs; NULL: none"),
    Column("shares", TEXT, comment="A JSON list, where several models had a share; the counters are their sum"),
    Column("cost", BigInteger, comment="Micro-dollars; NULL: unpriced"),
    _integer("bytes_in"),
    _integer("bytes_out"),
    _integer("first_byte", "Microseconds, like the two that follow"),
    _integer("duration"),
    _integer("overhead"),
    Column("intensity", TEXT, comment="How terse the answer was to be; NULL, like the ten that follow: not decided"),
    Column("arm", TEXT, comment="On which side of the measurement it stands"),
    Column("reason", TEXT),
    Column("rules", TEXT, comment="The version of the words"),
    Column("beginning", TEXT, comment="A keyed hash of how the conversation began"),
    Column("kind", TEXT, comment="What kind of question began it"),
    Column("with_tools", Boolean),
    Column("added", Integer, comment="Bytes of words of the gateway's own in the request"),
    Column("holdout", Integer, comment="Percent: with what odds the conversation was drawn for its arm"),
    Column("later", Boolean, comment="It is not its conversation's first request"),
    Column("reasked", Boolean, comment="It asks again for what the answer before it left out; NULL in older rows too"),
    Column("ending", TEXT, comment="How the answer ended: truncated, refused, invalid; NULL: in order, or not told"),
    Column("scrubbed", TEXT, comment="What was found of private values, a JSON list; NULL: nobody looked"),
    Column("rulings", TEXT, comment="What content policies have met, a JSON list; NULL: nothing"),
    Column("owner", TEXT, nullable=False, server_default="", comment="Whose key it was then"),
    sqlite_autoincrement=True,
)

Index("entries_at", entries.c.at)
Index("entries_tenant", entries.c.tenant, entries.c.at)
Index("entries_key", entries.c.key, entries.c.at)

# Sums of the entries by hour and by day, kept where the entries are written and in the same transaction. They stay when
# entries go. What a sum is about stands once, so that the many rows are narrow: see ``stores.rollups``.
rollup_subjects = Table(
    "rollup_subjects",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("digest", LargeBinary, nullable=False, unique=True, comment="A hash of all that follows"),
    *(_string(name) for name in ("tenant", "key", "key_name", "team", "owner")),
    *(_string(name) for name in ("provider", "dialect", "operation", "model", "served", "outcome", "source")),
    Column("status", Integer, nullable=False),
    Column("priced", Integer, nullable=False, comment="0: what it cost is unknown"),
)

Index("rollup_subjects_key", rollup_subjects.c.key)

rollups = Table(
    "rollups",
    metadata,
    Column("kind", Integer, primary_key=True, autoincrement=False, comment="Of an hour or a day, by key or of all"),
    Column("start", Integer, primary_key=True, autoincrement=False, comment="Hours or days since the epoch, UTC"),
    Column("subject", BigInteger, primary_key=True, autoincrement=False),
    _integer("exchanges"),
    *(_integer(name) for name in COUNTERS),
    *(_integer(name) for name in ("cost", "bytes_in", "bytes_out", "first_byte", "duration", "overhead")),
    _integer("last", "The latest exchange's time, as entries have it"),
    sqlite_with_rowid=False,
)

Index("rollups_subject", rollups.c.subject, rollups.c.kind, rollups.c.start)

# The same by day and by month with no more than whose it was: what a report of all keys, teams or users reads.
rollup_whose = Table(
    "rollup_whose",
    metadata,
    Column("kind", Integer, primary_key=True, autoincrement=False, comment="Of a day or a month"),
    Column("start", Integer, primary_key=True, autoincrement=False, comment="Days or months since the epoch, UTC"),
    Column("subject", BigInteger, primary_key=True, autoincrement=False, comment="One that says whose, and no more"),
    _integer("exchanges"),
    _integer("not_served"),
    *(_integer(name) for name in COUNTERS),
    *(_integer(name) for name in ("cost", "unpriced", "estimated", "estimated_tokens", "estimated_cost")),
    sqlite_with_rowid=False,
)

rollup_tools = Table(
    "rollup_tools",
    metadata,
    *(Column(name, Integer, primary_key=True, autoincrement=False) for name in ("kind", "start")),
    Column("subject", BigInteger, primary_key=True, autoincrement=False),
    Column("tool", TEXT, primary_key=True, comment="One of the provider's own"),
    _integer("calls"),
    sqlite_with_rowid=False,
)

batches = Table(
    "batches",
    metadata,
    Column("provider", TEXT, primary_key=True),
    Column("batch", TEXT, primary_key=True, comment="As the provider spells it"),
    Column("usage", TEXT, nullable=False, comment="What the books have counted of its results so far, as JSON"),
    Column("cost", BigInteger, comment="Of these, micro-dollars; NULL: unpriced"),
    sqlite_with_rowid=False,
)

# How conversations that are under way were decided. Bounded and forgotten after a while: see ``stores.conversations``.
conversations = Table(
    "conversations",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True, comment="The order in which rows came in"),
    Column("beginning", TEXT, nullable=False, unique=True, comment="A keyed hash, of the tenant too"),
    Column("tenant", TEXT, nullable=False),
    Column("decided", TEXT, nullable=False, comment="What was decided, as JSON"),
    _integer("used", "Seconds since the epoch: when it last went on, give or take an hour"),
    sqlite_autoincrement=True,
)

Index("conversations_used", conversations.c.used)

words = Table(
    "words",
    metadata,
    Column("rules", TEXT, primary_key=True, comment="Their version"),
    Column("text", TEXT, nullable=False, comment="What is put into requests"),
    sqlite_with_rowid=False,
)

# Levels that new conversations do not get. A row stays when it is lifted: what was before is not held against it again.
suspensions = Table(
    "suspensions",
    metadata,
    Column("key", TEXT, primary_key=True, comment="The key's identity"),
    Column("model", TEXT, primary_key=True, comment="As clients ask for it"),
    Column("intensity", TEXT, primary_key=True),
    Column("key_name", TEXT, nullable=False),
    Column("since", MOMENT, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("guard", TEXT, comment="What is worse by the margin; NULL where it is money"),
    Column("found", TEXT, nullable=False, comment="What was measured, as JSON"),
    Column("lifted", MOMENT, comment="When an operator reversed it; NULL: it is in force"),
    sqlite_with_rowid=False,
)

# Private values whose tokens a provider keeps, sealed; and which stored objects may hold which of them.
vault_sets = Table(
    "vault_sets",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("name", TEXT, primary_key=True, comment="A keyed hash of what is in it"),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False, comment="Values and tokens, encrypted"),
    _integer("ends", "Seconds since the epoch"),
)

vault_objects = Table(
    "vault_objects",
    metadata,
    Column("tenant", TEXT, primary_key=True),
    Column("dialect", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True, comment="As the provider spells it"),
    Column("name", TEXT, primary_key=True, comment="The set's"),
    _integer("ends", "Seconds since the epoch"),
    sqlite_with_rowid=False,
)

Index("vault_objects_ends", vault_objects.c.ends)
Index("vault_objects_set", vault_objects.c.tenant, vault_objects.c.name)

# Who may use the admin API, and as what.
admin_tokens = Table(
    "admin_tokens",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("digest", TEXT, nullable=False, unique=True, comment="The keyed hash that stands for the token"),
    Column("prefix", TEXT, nullable=False, comment="The token's first characters, to tell tokens apart by"),
    Column("name", TEXT, nullable=False, comment="Whose it is; stands in the audit log"),
    Column("role", TEXT, nullable=False),
    Column("team", TEXT, comment="Of a team's lead: the team"),
    Column("setup", Boolean, nullable=False, comment="It is good for making the first owner's token, and nothing else"),
    _integer("created", "Seconds since the epoch, like the two that follow"),
    Column("expires", BigInteger),
    Column("revoked", BigInteger),
)

# What a write was answered, so that the same one, sent again, changes nothing more.
admin_answers = Table(
    "admin_answers",
    metadata,
    Column("token", TEXT, primary_key=True, comment="The id of the token that asked; empty for the local operator"),
    Column("key", TEXT, primary_key=True, comment="A keyed hash of the Idempotency-Key"),
    Column("request", TEXT, nullable=False, comment="A keyed hash of method, path and body"),
    Column("status", Integer, comment="NULL: it is under way"),
    Column("nonce", LargeBinary),
    Column("ciphertext", LargeBinary, comment="The answer's body, sealed under the token and the Idempotency-Key"),
    _integer("at", "Seconds since the epoch"),
    sqlite_with_rowid=False,
)

Index("admin_answers_at", admin_answers.c.at)

# Shares of quotas that somebody is told of: once for all processes, and by another where one ends before it has.
warnings = Table(
    "warnings",
    metadata,
    Column("counter", TEXT, primary_key=True, comment="With the day on which its span began"),
    Column("share", Integer, primary_key=True, autoincrement=False, comment="Percent"),
    _integer("ends", "Seconds since the epoch: when the span is over"),
    Column("message", TEXT, comment="What is posted, as JSON; NULL: it was, or is given up"),
    Column("tries", Integer, nullable=False, server_default="0", comment="How often somebody set out to post it"),
    Column("due", BigInteger, comment="Seconds since the epoch: from then on whoever looks may post it; NULL: nobody"),
    sqlite_with_rowid=False,
)

Index("warnings_due", warnings.c.due)

# How often the rows of a topic have changed, for whoever holds some in memory. Triggers count it, ``changes`` reads it.
topics = Table(
    "topics",
    server_metadata,
    Column("topic", TEXT, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# What must be the same for all gateways of one database.
installation = Table(
    "installation",
    server_metadata,
    Column("name", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
)
