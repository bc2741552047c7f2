//! Plans by question shape, bounded; a repeated shape is never planned again.

use crate::project::Project;
use crate::question::Question;
use crate::stages::Plan;
use creta_model::Letter;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Shapes kept per deployment. When full it is emptied: shapes are few, and a client that makes up new ones for ever
/// must not make memory grow.
const CAPACITY: usize = 4_096;

#[derive(Debug, Default)]
pub struct PlanCache {
    plans: RwLock<HashMap<Question, Arc<Plan>>>,
    planned: AtomicU64,
}

impl PlanCache {
    /// The plan of a question, made now if its shape is new. Errors are not cached.
    pub fn plan(&self, project: &Project, question: &Question) -> Result<Arc<Plan>, Vec<Letter>> {
        let known = self.plans.read().unwrap_or_else(PoisonError::into_inner).get(question).cloned();
        if let Some(plan) = known {
            return Ok(plan);
        }
        let plan = Arc::new(crate::plan(project, question)?);
        self.planned.fetch_add(1, Ordering::Relaxed);
        let mut plans = self.plans.write().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= CAPACITY {
            plans.clear();
        }
        plans.insert(question.clone(), plan.clone());
        Ok(plan)
    }

    /// How often a plan had to be made.
    pub fn planned(&self) -> u64 {
        self.planned.load(Ordering::Relaxed)
    }
}
