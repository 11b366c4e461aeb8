//! Recording, editing, deciding: each returns once the change is durable on this device.

use sync_core::admit::{may_correct_others, may_write};
use sync_core::device::PendingChange;
use sync_core::id::{AreaId, RecordId, RecordKind};
use sync_core::log;
use sync_core::record::{self, Author, Decision, Draft, Edit, RawChange, RecordView, ReviewDraft, Scalar};

use super::forbidden::Forbidden;
use super::store::Key;
use super::{Field, FieldError};

impl Field {
    pub(super) fn author(&self) -> Author {
        Author { actor: self.actor, recorder: self.profile.recorder, claimed_at: self.clock.now() }
    }

    /// Records something new in an area; returns its id.
    ///
    /// # Errors
    /// [`FieldError::Edit`] names the field that does not accept what was given, [`FieldError::NotRecorded`] what the
    /// disk said; nothing was recorded then. [`FieldError::Unsure`] when the disk failed so that nobody knows.
    pub async fn record(&mut self, area: AreaId, draft: &Draft) -> Result<RecordId, FieldError> {
        self.check_role(draft.kind())?;
        self.record_unchecked(area, draft).await
    }

    /// As [`Field::record`], whatever the role: what a device of another make may do.
    pub(super) async fn record_unchecked(&mut self, area: AreaId, draft: &Draft) -> Result<RecordId, FieldError> {
        let serial = match self.store.meta_number(Key::Serial).await {
            Ok(serial) => serial + 1,
            Err(error) => return Err(FieldError::NotRecorded(Box::new(error))),
        };
        let new = record::create(draft, &self.author(), u64::try_from(serial).unwrap_or(1))?;
        // A number that was skipped by a crash is no loss; one used twice would be.
        if let Err(error) = self.store.put_meta(Key::Serial, serial.to_string().as_bytes()).await {
            return Err(FieldError::NotRecorded(Box::new(error)));
        }
        self.add(area, draft.kind(), new.id, &new.change).await?;
        Ok(new.id)
    }

    /// Edits a record; false when it already stands as the edit wants it.
    ///
    /// # Errors
    /// As [`Field::record`], and [`FieldError::View`] when what is here of the record cannot be read.
    pub async fn edit(&mut self, id: RecordId, edit: &Edit) -> Result<bool, FieldError> {
        let held = self.held(id).await?;
        self.check_role(edit.kind())?;
        let corrects_others = match edit {
            Edit::Session(edit) => edit.material_of.keys().any(|(_, recorder)| *recorder != self.profile.recorder),
            _ => false,
        };
        if corrects_others && !may_correct_others(self.profile.role) {
            return Err(FieldError::Role { role: self.profile.role, what: Forbidden::OthersMaterial });
        }
        let Some(change) = record::edit(&held.ready, edit, &self.author())? else { return Ok(false) };
        self.add(held.area, edit.kind(), id, &change).await?;
        Ok(true)
    }

    /// Ends a conflict with one of its values.
    ///
    /// # Errors
    /// [`FieldError::Edit`] when the field is not in conflict or the value is none of its values.
    pub async fn resolve(&mut self, id: RecordId, field: &str, chosen: &Scalar) -> Result<(), FieldError> {
        let held = self.held(id).await?;
        self.check_role(held.kind)?;
        let change = record::resolve(held.kind, &held.ready, field, chosen, &self.author())?;
        self.add(held.area, held.kind, id, &change).await
    }

    /// Records an officer's decision on a session, bound to exactly what is here of it now. It takes the place of every
    /// review of the session that is here.
    ///
    /// # Errors
    /// [`FieldError::Edit`] when a comment is required, [`FieldError::NoRecord`] when it is no session.
    pub async fn review(
        &mut self,
        session: RecordId,
        decision: Decision,
        comment: &str,
    ) -> Result<RecordId, FieldError> {
        self.check_role(RecordKind::Review)?;
        let whole = self.whole(session).await?;
        let RecordView::Session(view) = &whole.view else { return Err(FieldError::NoRecord(session.to_string())) };
        let draft = ReviewDraft {
            session,
            heads: view.meta.heads.clone(),
            decision,
            comment: comment.to_owned(),
            supersedes: whole.reviews.iter().filter(|review| !review.is_void()).map(|review| review.meta.id).collect(),
        };
        self.record(whole.area, &Draft::Review(draft)).await
    }

    /// The record a draft would make; nothing is recorded.
    ///
    /// # Errors
    /// As [`Field::record`].
    pub(super) fn view_of(&self, draft: &Draft) -> Result<RecordView, FieldError> {
        self.check_role(draft.kind())?;
        let new = record::create(draft, &self.author(), 1)?;
        Ok(record::view(draft.kind(), &[new.change.bytes])?)
    }

    /// The gate of the server would keep what this role may not write: it is said here, before anything is recorded.
    fn check_role(&self, kind: RecordKind) -> Result<(), FieldError> {
        let role = self.profile.role;
        match kind {
            _ if may_write(role, kind) => Ok(()),
            RecordKind::Review => Err(FieldError::Role { role, what: Forbidden::Review }),
            _ => Err(FieldError::Role { role, what: Forbidden::Record }),
        }
    }

    async fn add(
        &mut self,
        area: AreaId,
        kind: RecordKind,
        id: RecordId,
        change: &RawChange,
    ) -> Result<(), FieldError> {
        let change = log::RawChange::from_framed(&change.bytes)
            .map_err(|error| FieldError::damaged("change", error.to_string()))?;
        self.keep(area, PendingChange { kind, record: id, change }).await
    }
}
