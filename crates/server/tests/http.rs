//! Routes over a real socket: who may, what is refused and how, and the way from a bundle to an answer.

use crate::fakes::{Running, bundle, start};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }
}

impl Running {
    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let host = self.address;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(&[head.as_bytes(), b"\r\n", body].concat()).await.unwrap();
        let mut bytes = Vec::new();
        // A server that refuses a large body may close before it has read it all.
        stream.read_to_end(&mut bytes).await.ok();
        let split = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..split].to_vec()).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head, body: bytes[split + 4..].to_vec() }
    }

    async fn token(&self) -> String {
        let body = json!({"client_id": self.client.id, "client_secret": self.client.secret,
                          "grant_type": "client_credentials", "scope": null});
        let reply = self.send("POST", "/v1/oauth/token", &[], body.to_string().as_bytes()).await;
        assert_eq!(reply.status, 200);
        format!("Bearer {}", reply.json()["access_token"].as_str().unwrap())
    }

    async fn post(&self, path: &str, body: &Value) -> Reply {
        let token = self.token().await;
        self.send("POST", path, &[("authorization", &token)], body.to_string().as_bytes()).await
    }

    async fn get(&self, path: &str) -> Reply {
        let token = self.token().await;
        self.send("GET", path, &[("authorization", &token)], b"").await
    }

    async fn deployed() -> Running {
        let server = start(1 << 20).await;
        let reply = server.post("/v1/deployments", &bundle()).await;
        assert_eq!(reply.status, 200, "{}", reply.json());
        server
    }
}

#[tokio::test]
async fn a_token_has_every_field_that_clients_need() {
    let server = start(1 << 20).await;
    let body = json!({"client_id": server.client.id, "client_secret": server.client.secret, "grant_type": "client_credentials"});
    let token = server.send("POST", "/v1/oauth/token", &[], body.to_string().as_bytes()).await.json();
    let url = format!("http://{}", server.address);
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["expires_in"], 3600);
    assert_eq!(token["engines"], json!({"default": url}));
    assert_eq!(token["grpc_engines"], json!({"default": url}));
    assert_eq!(token["environment_id_to_name"], json!({"default": "default"}));
    assert_eq!(token["api_server"], url);
    assert_eq!(server.get("/v1/who-am-i").await.json()["user"], server.client.id);
}

#[tokio::test]
async fn nobody_is_anonymous() {
    let server = start(1 << 20).await;
    for path in ["/v1/who-am-i", "/v1/deployments/active", "/v4/offline_query/x"] {
        let reply = server.send("GET", path, &[], b"").await;
        assert_eq!((reply.status, &reply.json()["code"]), (401, &json!("unauthenticated")));
        let reply = server.send("GET", path, &[("authorization", "Bearer guess")], b"").await;
        assert_eq!(reply.json()["errors"][0]["code"], "UNAUTHENTICATED");
    }
    let wrong = json!({"client_id": server.client.id, "client_secret": "guess"});
    let reply = server.send("POST", "/v1/oauth/token", &[], wrong.to_string().as_bytes()).await;
    assert_eq!(reply.status, 401);
    assert!(reply.json()["detail"].is_string());
    assert_eq!(server.send("GET", "/healthz", &[], b"").await.status, 200);
    assert_eq!(server.send("PUT", "/uploads/a/1.b/0.parquet", &[], b"x").await.status, 403);
    assert_eq!(server.send("GET", "/datasets/a/1.b/part-0.parquet", &[], b"").await.status, 403);
}

#[tokio::test]
async fn what_is_refused_says_why_in_json() {
    let server = start(1_000).await;
    let token = server.token().await;
    let header = [("authorization", token.as_str())];
    let reply = server.send("GET", "/v1/nothing", &header, b"").await;
    assert_eq!((reply.status, &reply.json()["code"]), (404, &json!("not_found")));
    let reply = server.send("POST", "/v1/query/online", &header, b"{\"inputs\":\n{]").await;
    assert_eq!((reply.status, &reply.json()["code"]), (400, &json!("malformed_request")));
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("line 2, column 2"), "{detail}");
    let reply = server.send("POST", "/v1/query/online", &header, &vec![b' '; 2_000]).await;
    assert_eq!((reply.status, &reply.json()["code"]), (413, &json!("body_too_large")));
    let reply = server.send("POST", "/v1/query/online", &header, b"{}").await;
    assert_eq!((reply.status, &reply.json()["code"]), (409, &json!("nothing_deployed")));
    let foreign = [header[0], ("x-chalk-env-id", "elsewhere")];
    assert_eq!(server.send("GET", "/v1/who-am-i", &foreign, b"").await.status, 404);
    let own = [header[0], ("x-creta-env-id", "default")];
    assert_eq!(server.send("GET", "/v1/who-am-i", &own, b"").await.status, 200);
}

#[tokio::test]
async fn a_bundle_is_compared_then_deployed() {
    let server = start(1 << 20).await;
    let dry = server.post("/v1/deployments?dry_run=true", &bundle()).await.json();
    assert_eq!(dry["deployment_id"], json!(null));
    assert_eq!(dry["diff"]["features"]["added"][0], "call.id");
    assert_eq!(server.get("/v1/deployments/active").await.status, 409);
    let applied = server.post("/v1/deployments", &bundle()).await.json();
    let active = server.get("/v1/deployments/active").await.json();
    assert_eq!(active["deployment_id"], applied["deployment_id"]);
    let again = server.post("/v1/deployments", &bundle()).await.json();
    assert_eq!(again["diff"]["features"], json!({"added": [], "removed": [], "changed": []}));
    let mut broken = bundle();
    broken["entities"][0]["primary_key"] = json!("nothing");
    let reply = server.post("/v1/deployments", &broken).await;
    assert_eq!(reply.status, 400);
    assert!(reply.json()["errors"][0]["place"]["file"].is_string(), "{}", reply.json());
    let mut with_archive = bundle();
    with_archive["archive"] = json!("0".repeat(64));
    assert_eq!(server.post("/v1/deployments", &with_archive).await.json()["code"], "missing_file");
}

#[tokio::test]
async fn a_given_value_is_echoed_and_faults_travel_in_the_answer() {
    let server = Running::deployed().await;
    let answer = server
        .post("/v1/query/online", &json!({"inputs": {"ship.id": 7}, "outputs": ["ship.id"], "staleness": null}))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["data"][0]["value"], 7, "{}", answer.json());
    assert_eq!(answer.json()["data"][0]["pkey"], 7);
    assert_eq!(answer.json()["errors"], json!(null));
    let named = json!({"inputs": {"ship.id": 7}, "outputs": [], "query_name": "card", "query_name_version": "1.0.0"});
    assert_eq!(server.post("/v1/query/online", &named).await.json()["data"][0]["field"], "ship.id");
    let refused = [
        (json!({"inputs": {"ship.id": "7"}, "outputs": ["ship.id"]}), "invalid_input"),
        (json!({"inputs": {"ship.idd": 7}, "outputs": ["ship.id"]}), "unknown_query_feature"),
        (json!({"inputs": {"ship.id": 7}, "outputs": [], "query_name": "crad"}), "unknown_named_query"),
        (json!({"inputs": {"ship.id": 7}, "outputs": ["ship.id"], "now": "later"}), "invalid_input"),
        (json!({"inputs": {"ship.id": 7}, "outputs": ["ship.id"], "staleness": {"ship": "soon"}}), "invalid_input"),
    ];
    for (query, letter) in refused {
        let answer = server.post("/v1/query/online", &query).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["letter"]), (200, &json!(letter)), "{query}");
        assert_eq!(answer.json()["data"], json!([]));
    }
}

#[tokio::test]
async fn a_training_set_is_ordered_followed_and_read_by_range() {
    let server = Running::deployed().await;
    let links = server.get("/v1/offline_query_parquet_upload_url/2").await.json();
    assert_eq!(links["urls"].as_array().unwrap().len(), 2);
    let input = json!({"columns": ["ship.id", "__ts__"], "values": [[7, 9], ["2026-01-01T00:00:00Z", null]]});
    let order = json!({"input": input, "output": ["ship.id"], "dataset_name": "spring", "recompute_features": true});
    let dataset = server.post("/v4/offline_query", &order).await.json();
    assert_eq!(dataset["is_finished"], true, "{dataset}");
    let revision = &dataset["revisions"][0];
    assert_eq!((&revision["status"], &revision["outputs"]), (&json!(7), &json!(["ship.id"])));
    let id = revision["revision_id"].as_str().unwrap();
    assert_eq!(server.get(&format!("/v4/offline_query/{id}/status")).await.json()["report"]["status"], "COMPLETED");
    assert_eq!(server.get("/v3/offline_query/spring").await.json()["dataset_id"], dataset["dataset_id"]);
    assert_eq!(server.get("/v3/offline_query/autumn").await.status, 404);
    let job = server.post("/v4/offline_query/status", &json!({"job_id": id})).await.json();
    let url = job["urls"][0].as_str().unwrap();
    let path = url.strip_prefix(&format!("http://{}", server.address)).unwrap();
    let whole = server.send("GET", path, &[], b"").await;
    assert_eq!((whole.status, &whole.body[..4]), (200, &b"PAR1"[..]));
    let tail = server.send("GET", path, &[("range", "bytes=-8")], b"").await;
    assert_eq!((tail.status, &tail.body[4..]), (206, &b"PAR1"[..]));
    let size = whole.body.len();
    assert!(tail.head.contains(&format!("content-range: bytes {}-{}/{size}", size - 8, size - 1)), "{}", tail.head);
    let head = server.send("HEAD", path, &[], b"").await;
    assert!(head.body.is_empty() && head.head.contains(&format!("content-length: {size}")), "{}", head.head);
    assert_eq!(server.send("GET", path, &[("range", "bytes=9999999-")], b"").await.status, 416);
    let second = server.post("/v4/offline_query", &order).await.json();
    assert_eq!(second["dataset_id"], dataset["dataset_id"]);
    assert_eq!(second["revisions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_graph_of_each_deployment_can_be_read() {
    let server = start(1 << 20).await;
    assert_eq!(server.get("/v1/environment/graph").await.status, 409);
    let first = server.post("/v1/deployments", &bundle()).await.json();
    let mut next = bundle();
    let place = json!({"file": "ships.py", "line": 9});
    next["entities"][0]["features"][1]["metadata"] = json!({"owner": "pilots", "tags": ["pii"]});
    next["entities"][0]["features"][2] = json!({"name": "teu", "place": place, "metadata": {"description": "Load."},
        "kind": {"windowed": {"windows": [86_400_000_000_i64], "scalar":
            {"type": "float", "caching": {"max_staleness": 5, "etl_offline_to_online": true}}}}});
    let second = server.post("/v1/deployments", &next).await.json();

    let graph = server.get("/v1/environment/graph").await.json();
    assert_eq!(graph["deployment_id"], second["deployment_id"]);
    assert_eq!(graph["resolvers"], json!([]));
    let of = |graph: &Value, fqn: &str| {
        let features = graph["features"].as_array().unwrap().clone();
        features.into_iter().find(|feature| feature["fqn"] == fqn).unwrap_or(Value::Null)
    };
    let name = of(&graph, "ship.name");
    assert_eq!((&name["name"], &name["tags"]), (&json!("name"), &json!(["pii"])));
    assert_eq!(
        name["detail"],
        json!({"kind": "scalar", "type": "str", "optional": false, "max_staleness": 0,
                                      "owner": "pilots", "description": null})
    );
    let window = of(&graph, "ship.teu__86400__");
    assert_eq!((&window["etl_offline_to_online"], &window["detail"]["description"]), (&json!(true), &json!("Load.")));
    assert_eq!(of(&graph, "ship.calls")["detail"]["type"], "call");

    let id = first["deployment_id"].as_str().unwrap();
    let older = server.get(&format!("/v1/deployments/{id}/graph")).await.json();
    assert_eq!((&older["deployment_id"], &of(&older, "ship.teu")["tags"]), (&json!(id), &json!([])));
    assert_eq!(of(&older, "ship.teu__86400__"), Value::Null);
    let unknown = server.get("/v1/deployments/nothing/graph").await;
    assert_eq!((unknown.status, &unknown.json()["code"]), (404, &json!("not_found")));
}
