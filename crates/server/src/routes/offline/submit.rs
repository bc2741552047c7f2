//! `POST /v4/offline_query`: everything that can be refused is refused before a revision exists.

use super::options::OfflineBody;
use super::rows::rows;
use super::{PATIENCE, find, whole_dataset};
use crate::body::{Body, json};
use crate::errors::Failure;
use crate::query::{Context, QueryBody, check_names, text_of_values};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use creta_jobs::Order;
use creta_plan::{Mode, Recompute};
use serde_json::Value;

pub(in crate::routes) async fn submit(State(state): State<AppState>, Body(body): Body) -> Result<Json<Value>, Failure> {
    let mut body: OfflineBody = json(&body)?;
    body.refuse_unsupported()?;
    let deployment = state.active()?;
    let graph = deployment.project.graph();
    check_names(graph, body.named())?;
    let (recompute, bounds, effort) = (body.recompute()?, body.bounds()?, body.effort()?);
    let required = body.required_output.clone();
    if let Some(earlier) = &body.recompute_request_revision_id {
        let earlier = find(&state, earlier).await?;
        again(&earlier, &mut body, &recompute);
    }
    let (names, rows) = rows(&state, &deployment, &body, &recompute).await?;
    let keep = body.keep();
    let query = QueryBody {
        outputs: [body.output, body.required_output].concat(),
        query_name: body.query_name,
        query_name_version: body.query_name_version,
        context: Context { tags: body.tags, required_resolver_tags: body.required_resolver_tags },
        ..QueryBody::default()
    };
    let question = query.question(graph, &state.settings, names, Mode::Offline(recompute))?;
    // Planned here once, so that a question that cannot be planned is refused before a revision exists.
    state.engine.explain(&deployment, &question)?;
    let order = Order {
        dataset_name: body.dataset_name,
        query_context: text_of_values(&body.query_context),
        required,
        bounds,
        keep,
        effort,
        ..Order::new(deployment.clone(), question, rows)
    };
    let revision = state.training.start(order).await?;
    state.training.wait(&revision.id, PATIENCE).await;
    whole_dataset(&state, &revision.id).await
}

/// A revision that is recomputed has the outputs of the earlier one, the features that are recomputed among them, and
/// belongs to the same dataset.
fn again(earlier: &creta_ports::metadata::Revision, body: &mut OfflineBody, recompute: &Recompute) {
    let mut outputs = earlier.outputs.clone();
    if let Recompute::Only(names) = recompute {
        outputs.extend(names.iter().filter(|name| !earlier.outputs.contains(name)).cloned());
    }
    if body.output.is_empty() {
        body.output = outputs;
    }
    if body.dataset_name.is_none() {
        body.dataset_name.clone_from(&earlier.dataset_name);
    }
}
