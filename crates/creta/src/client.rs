//! The HTTP client of the command line.

use crate::cli::Target;
use crate::credentials::Credentials;
use creta_model::{Code, Letter};
use reqwest::{Method, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// How long any single request may take; training sets are polled, so none needs longer.
const TIMEOUT: Duration = Duration::from_secs(120);

pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

/// What a server says when it refuses.
#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    detail: String,
    #[serde(default)]
    code: Option<Code>,
    #[serde(default)]
    fix: Option<String>,
    #[serde(default)]
    errors: Vec<Value>,
}

impl Client {
    /// Signs in to the named server, or to the one that runs here.
    pub async fn connect(target: &Target) -> Result<Client, Vec<Letter>> {
        Client::connect_from(target, Path::new(".")).await
    }

    /// Signs in to the named server, or to the one that runs in this folder.
    pub async fn connect_from(target: &Target, folder: &Path) -> Result<Client, Vec<Letter>> {
        let credentials = Credentials::find(target.credentials.as_deref(), folder).map_err(|letter| vec![letter])?;
        let url = credentials.url.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| vec![Letter::new(Code::Bug, format!("The HTTP client cannot start: {error}."))])?;
        let mut client = Client { http, url, token: String::new() };
        let body = json!({
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
            "grant_type": "client_credentials",
        });
        let answer = client.post("/v1/oauth/token", &body).await?;
        client.token = answer["access_token"].as_str().unwrap_or_default().to_owned();
        Ok(client)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Vec<Letter>> {
        let request = self.request(Method::POST, path).json(body);
        self.send_json(request).await
    }

    pub async fn get(&self, path: &str) -> Result<Value, Vec<Letter>> {
        self.send_json(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Result<Value, Vec<Letter>> {
        self.send_json(self.request(Method::DELETE, path)).await
    }

    pub async fn delete_with(&self, path: &str, body: &Value) -> Result<Value, Vec<Letter>> {
        self.send_json(self.request(Method::DELETE, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: Vec<u8>) -> Result<(), Vec<Letter>> {
        self.send(self.request(Method::PUT, path).body(body)).await.map(drop)
    }

    /// Sends canonical JSON text as it is.
    pub async fn post_text(&self, path: &str, body: String) -> Result<Value, Vec<Letter>> {
        let request = self.request(Method::POST, path).header("content-type", "application/json").body(body);
        self.send_json(request).await
    }

    /// Fetches or stores bytes at an absolute URL that carries its own secret.
    pub async fn get_url(&self, url: &str) -> Result<Vec<u8>, Vec<Letter>> {
        let response = self.send(self.http.get(url)).await?;
        response.bytes().await.map(|bytes| bytes.to_vec()).map_err(|error| vec![self.unreachable(&error)])
    }

    pub async fn put_url(&self, url: &str, body: Vec<u8>) -> Result<(), Vec<Letter>> {
        self.send(self.http.put(url).body(body)).await.map(drop)
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    async fn send_json(&self, request: reqwest::RequestBuilder) -> Result<Value, Vec<Letter>> {
        let response = self.send(request).await?;
        response.json().await.map_err(|error| vec![self.unreachable(&error)])
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, Vec<Letter>> {
        let response = request.send().await.map_err(|error| vec![self.unreachable(&error)])?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let refusal: Refusal = response.json().await.unwrap_or(Refusal {
            detail: format!("The server answered {status}."),
            code: None,
            fix: None,
            errors: Vec::new(),
        });
        Err(refusal.letters(status.as_u16()))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Letter {
        let what = if error.is_timeout() { "did not answer in time" } else { "cannot be reached" };
        Letter::new(Code::Unreachable, format!("The server at {} {what}.", self.url)).fix("Is `creta up` running?")
    }
}

impl Refusal {
    fn letters(self, status: u16) -> Vec<Letter> {
        let letters: Vec<Letter> = self.errors.iter().map(letter_of).collect();
        if !letters.is_empty() {
            return letters;
        }
        let code = self.code.unwrap_or(match status {
            401 => Code::Unauthenticated,
            403 => Code::Unauthorized,
            404 => Code::NotFound,
            413 => Code::BodyTooLarge,
            429 => Code::Overloaded,
            400..=499 => Code::MalformedRequest,
            _ => Code::Bug,
        });
        let letter = Letter::new(code, self.detail);
        vec![match self.fix {
            Some(fix) => letter.fix(fix),
            None => letter,
        }]
    }
}

/// An answer in the form that this version of the server gives it.
pub(crate) fn understood<T: DeserializeOwned>(answer: &Value) -> Result<T, Vec<Letter>> {
    T::deserialize(answer).map_err(|error| {
        let letter = Letter::new(Code::Bug, format!("The server's answer cannot be understood: {error}."));
        vec![letter.fix("Use the same version of Creta on both sides.")]
    })
}

/// A letter as a server sends it: in its own form, or inside an error of the wire format.
pub(crate) fn letter_of(error: &Value) -> Letter {
    if let Ok(letter) = serde_json::from_value(error.clone()) {
        return letter;
    }
    let text = |name: &str| error[name].as_str().map(str::to_owned);
    let code = serde_json::from_value(error["letter"].clone()).unwrap_or(Code::ResolverFailed);
    Letter {
        code,
        message: text("message").unwrap_or_default(),
        place: serde_json::from_value(error["place"].clone()).ok(),
        fix: text("fix"),
        feature: text("feature"),
        resolver: text("resolver"),
        key: text("display_primary_key"),
        exception: serde_json::from_value(error["exception"].clone()).ok(),
    }
}
