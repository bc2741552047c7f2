"""DuckDB: ASOF JOIN, and a join with filtered aggregates."""

import tempfile

import duckdb
from questions import MEMORY, WINDOWS, Asked, answer

JOIN = """
    select s.question, o.amount, o.balance
    from '{spine}' s asof left join '{observations}' o
    on s.account_id = o.account_id and s.asked_at >= o.happened_at
"""

WINDOW = """
    count(o.amount) filter (o.happened_at > s.asked_at - interval {hours} hours) as count_{name},
    coalesce(sum(o.amount) filter (o.happened_at > s.asked_at - interval {hours} hours), 0) as total_{name},
    max(o.amount) filter (o.happened_at > s.asked_at - interval {hours} hours) as top_{name},
    avg(o.balance) filter (o.happened_at > s.asked_at - interval {hours} hours) as mean_{name}
"""

IN_WINDOWS = """
    select s.question, {columns}
    from '{spine}' s left join '{observations}' o
    on s.account_id = o.account_id and o.happened_at <= s.asked_at
    and o.happened_at > s.asked_at - interval {longest} hours
    group by s.question
"""


def ask(asked: Asked) -> None:
    columns = ",".join(WINDOW.format(name=name, hours=hours) for name, hours in WINDOWS.items())
    statement = {"join": JOIN, "windows": IN_WINDOWS}[asked.question].format(
        spine=asked.spine, observations=asked.observations, columns=columns, longest=max(WINDOWS.values())
    )
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as session:
        # What it manages itself; the rest of the process needs some memory too.
        session.execute(f"set memory_limit = '{int(MEMORY * 0.7)}B'")
        session.execute(f"set temp_directory = '{folder}'")
        session.execute("set TimeZone = 'UTC'")
        session.execute("set preserve_insertion_order = false")
        session.execute(f"copy ({statement}) to '{asked.answer}' (format parquet)")


if __name__ == "__main__":
    answer(ask)
