//! A queue item as it is kept, and how its columns become what the rules read.

use rules::Timestamp;
use rules::triage::{ItemState, Progress, Stage};
use uuid::Uuid;

/// A state as its column spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum StateCode {
    Open,
    Confirmed,
    Closed,
}

impl From<StateCode> for ItemState {
    fn from(code: StateCode) -> Self {
        match code {
            StateCode::Open => Self::Open,
            StateCode::Confirmed => Self::Confirmed,
            StateCode::Closed => Self::Closed,
        }
    }
}

impl From<ItemState> for StateCode {
    fn from(state: ItemState) -> Self {
        match state {
            ItemState::Open => Self::Open,
            ItemState::Confirmed => Self::Confirmed,
            ItemState::Closed => Self::Closed,
        }
    }
}

/// A stage as its column spells it; the number of a follow-up stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum StageCode {
    FirstContact,
    Interview,
    FollowUp,
    Outcome,
}

impl From<Stage> for StageCode {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::FirstContact => Self::FirstContact,
            Stage::Interview => Self::Interview,
            Stage::FollowUp(_) => Self::FollowUp,
            Stage::Outcome => Self::Outcome,
        }
    }
}

/// A queue item as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub id: Uuid,
    pub visit_id: Uuid,
    pub screening_id: Uuid,
    pub person_id: Uuid,
    pub org_id: Uuid,
    pub district_id: Uuid,
    pub state: StateCode,
    pub suggested_tier: i16,
    pub tier: i16,
    pub suggestion_id: Uuid,
    pub list: String,
    pub owner_post: Option<String>,
    pub owner_id: Option<Uuid>,
    pub stage: StageCode,
    pub follow_up: i16,
    pub counted_from: Timestamp,
    pub due_at: Option<Timestamp>,
    pub contacted_at: Option<Timestamp>,
    pub overdue_at: Option<Timestamp>,
    /// to reach the person, since anybody was last in contact
    pub attempts: i16,
    pub alarm_id: Option<Uuid>,
    pub second_asked_by: Option<Uuid>,
    pub second_tier: Option<i16>,
    pub second_outcome: Option<String>,
    pub second_reason_sealed: Option<Vec<u8>>,
    pub closed_at: Option<Timestamp>,
    pub close_outcome: Option<String>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Item {
    pub fn is_closed(&self) -> bool {
        self.state == StateCode::Closed
    }

    pub fn tier(&self) -> u8 {
        u8::try_from(self.tier).unwrap_or(0)
    }

    pub fn stage(&self) -> Stage {
        match self.stage {
            StageCode::FirstContact => Stage::FirstContact,
            StageCode::Interview => Stage::Interview,
            StageCode::FollowUp => Stage::FollowUp(u8::try_from(self.follow_up).unwrap_or(1)),
            StageCode::Outcome => Stage::Outcome,
        }
    }

    /// What the rules need to know of it.
    pub fn progress(&self) -> Progress {
        Progress {
            state: self.state.into(),
            tier: self.tier(),
            owner: self.owner_post.as_deref().and_then(|code| code.parse().ok()),
            stage: self.stage(),
            counted_from: self.counted_from,
            due_at: self.due_at,
            contacted_at: self.contacted_at,
            overdue_at: self.overdue_at,
        }
    }

    /// What the rules made of it.
    pub fn follow(&mut self, progress: Progress) {
        let Progress { state, tier, owner, stage, counted_from, due_at, contacted_at, overdue_at } = progress;
        self.state = state.into();
        self.tier = i16::from(tier);
        self.owner_post = owner.map(|post| post.code().to_owned());
        self.stage = stage.into();
        self.follow_up = i16::from(stage.number());
        self.counted_from = counted_from;
        self.due_at = due_at;
        self.contacted_at = contacted_at;
        self.overdue_at = overdue_at;
        if contacted_at.is_none() {
            // whoever was in contact has this no more than anybody else
            self.owner_id = None;
        }
        if state != ItemState::Closed {
            self.closed_at = None;
            self.close_outcome = None;
        }
    }

    /// A wish that waits for its second person was judged on what was known before.
    pub fn drop_wish(&mut self) {
        self.second_asked_by = None;
        self.second_tier = None;
        self.second_outcome = None;
        self.second_reason_sealed = None;
    }
}
