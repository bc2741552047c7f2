//! Letters about definitions: what `creta apply` says before anything is deployed.

use super::Shown;
use crate::command::{Creta, Served};
use creta_model::Code;
use serde_json::json;
use std::path::Path;

struct Case {
    code: Code,
    files: &'static [(&'static str, &'static str)],
}

const SHIP: &str = "from creta.features import Primary, features


@features
class Ship:
    id: Primary[int]
    name: str
";

const SOURCE: &str = "from creta.features import Primary, features
from creta.sql import SQLiteSource

harbour = SQLiteSource(name=\"harbour\", filename=\"harbour.sqlite\")


@features
class Ship:
    id: Primary[int]
    name: str
";

const CASES: &[Case] = &[
    Case {
        code: Code::UnknownFeature,
        files: &[
            ("features.py", SHIP),
            (
                "resolvers.py",
                "from creta import online

from features import Ship


@online
def greeting(name: Ship.nmae) -> Ship.name:
    return f\"MS {name}\"
",
            ),
        ],
    },
    Case {
        code: Code::DuplicateDefinition,
        files: &[
            ("features.py", SHIP),
            (
                "more.py",
                "from creta.features import Primary, features


@features
class Ship:
    id: Primary[int]
",
            ),
        ],
    },
    Case {
        code: Code::PrimaryKey,
        files: &[(
            "features.py",
            "from creta.features import Primary, features


@features
class Ship:
    id: Primary[int]
    imo: Primary[str]
",
        )],
    },
    Case {
        code: Code::FeatureTime,
        files: &[(
            "features.py",
            "from creta.features import FeatureTime, Primary, features


@features
class Ship:
    id: Primary[int]
    built_at: FeatureTime
    seen_at: FeatureTime
",
        )],
    },
    Case {
        code: Code::AmbiguousJoin,
        files: &[(
            "features.py",
            "from creta.features import DataFrame, Primary, _, feature, features


@features
class Harbour:
    id: Primary[int]
    voyages: \"DataFrame[Voyage]\"
    voyage_count: int = feature(expression=_.voyages.count())


@features
class Voyage:
    id: Primary[int]
    origin_id: Harbour.id
    destination_id: Harbour.id
",
        )],
    },
    Case {
        code: Code::Annotation,
        files: &[
            ("features.py", SHIP),
            (
                "resolvers.py",
                "from creta import online

from features import Ship


@online
def greeting(name) -> Ship.name:
    return f\"MS {name}\"
",
            ),
        ],
    },
    Case {
        code: Code::TypeMismatch,
        files: &[(
            "features.py",
            "from creta.features import Primary, _, feature, features


@features
class Ship:
    id: Primary[int]
    name: str
    draft: float
    depth: int = feature(expression=_.draft + _.name)
",
        )],
    },
    Case {
        code: Code::Expression,
        files: &[(
            "features.py",
            "from creta.features import DataFrame, Primary, _, feature, features


@features
class Ship:
    id: Primary[int]
    calls: \"DataFrame[Call]\"
    tons: float = feature(expression=_.calls[_.tons])


@features
class Call:
    id: Primary[int]
    ship_id: Ship.id
    tons: float
",
        )],
    },
    Case {
        code: Code::InvalidDefinition,
        files: &[(
            "features.py",
            "from creta.features import Primary, feature, features


@features
class Ship:
    id: Primary[int]
    eta: str = feature(max_staleness=\"10 parsecs\")
",
        )],
    },
    Case {
        code: Code::Sql,
        files: &[
            ("features.py", SOURCE),
            ("ships.creta.sql", "-- resolves: Ship\n-- source: harbour\nselect id, name fro ships\n"),
        ],
    },
    Case {
        code: Code::Sql,
        files: &[
            ("features.py", SOURCE),
            ("ships.creta.sql", "-- resolves: Ship\n-- source: harbour\nselect id, name, draught from ships\n"),
        ],
    },
    Case {
        code: Code::UnknownSource,
        files: &[
            ("features.py", SOURCE),
            ("ships.creta.sql", "-- resolves: Ship\n-- source: habrour\nselect id, name from ships\n"),
        ],
    },
    Case {
        code: Code::ImportFailed,
        files: &[("features.py", "from creta.features import Primary, features\n\n1 / 0\n")],
    },
    Case {
        code: Code::MissingFile,
        files: &[
            ("features.py", SOURCE),
            ("ships.creta.sql", "-- resolves: Ship\n-- source: harbour\nselect id, name from ships\n"),
        ],
    },
];

pub async fn provoke(python: &Path) -> Vec<Shown> {
    let mut shown = Vec::new();
    for case in CASES {
        let creta = Creta::with_files(case.files);
        let served = Served::start(&creta, python).await;
        let answer = apply(&creta, python);
        served.stop().await;
        let mut deed = String::from("`creta apply` in a project with these files:\n");
        for (name, text) in case.files {
            let language = if name.ends_with(".py") { "python" } else { "sql" };
            deed.push_str(&format!("\n`{name}`\n\n```{language}\n{}\n```\n", text.trim_end()));
        }
        assert!(answer.contains(&format!("error[{}]", case.code.name())), "{}: {answer}", case.code.name());
        shown.push(Shown { code: case.code, deed, answer });
    }
    shown.push(type_change(python).await);
    shown.push(bundle_format(python).await);
    shown
}

fn apply(creta: &Creta, python: &Path) -> String {
    creta.fails(&["apply", "--credentials", "ready.json", "--python", python.to_str().unwrap()])
}

async fn type_change(python: &Path) -> Shown {
    let creta = Creta::with_files(&[("features.py", SHIP)]);
    let served = Served::start(&creta, python).await;
    let arguments = ["apply", "--credentials", "ready.json", "--python", python.to_str().unwrap()];
    assert!(creta.run(&arguments).status.success());
    creta.write("features.py", &SHIP.replace("name: str", "name: int"));
    let answer = apply(&creta, python);
    served.stop().await;
    let deed = "`creta apply` after `Ship.name` was deployed as a `str` and then declared an `int`:".to_owned();
    Shown { code: Code::TypeChange, deed, answer }
}

/// A bundle of an SDK that is newer than the server.
async fn bundle_format(python: &Path) -> Shown {
    let creta = Creta::with_files(&[("features.py", SHIP)]);
    let served = Served::start(&creta, python).await;
    let body = json!({"format": 99}).to_string();
    let http = super::queries::Http::sign_in(&creta).await;
    let answer = http.post_text("/v1/deployments", body, &[]).await;
    served.stop().await;
    let deed = "`POST /v1/deployments` with a bundle of a later format:".to_owned();
    Shown { code: Code::BundleFormat, deed, answer: answer.checked(Code::BundleFormat) }
}
