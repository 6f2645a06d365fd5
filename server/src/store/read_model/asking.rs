//! What the read model can be asked. Who may ask what, and how far they see, is decided by the caller.

use sync_protocol::ids::{DocumentId, Position, SiteCode};

use super::{
    Arrivals, CaseDetail, CaseFilter, CasePage, Channels, ConflictPage, Counts, LookUpFound, Only, PlainFilter,
    PlainPage, ReadModel, ReadModelError, ReceiptPage, ReceiptRow, ReferralPage, Sight, query,
};

impl ReadModel {
    /// Cases in sight, newest first, page by page.
    ///
    /// # Errors
    /// Every [`ReadModelError`] but `Source`, as in every question here.
    pub async fn cases(&self, filter: CaseFilter, sight: Channels) -> Result<CasePage, ReadModelError> {
        self.ask(filter.at, move |db, moment| query::cases(db, moment, &filter, &sight)).await
    }

    /// One case, whoever asks; `None` when there was none at that position.
    ///
    /// # Errors
    /// As [`ReadModel::cases`].
    pub async fn case(&self, document: DocumentId, at: Option<Position>) -> Result<Option<CaseDetail>, ReadModelError> {
        self.ask(at, move |db, moment| query::case(db, moment, document)).await
    }

    /// Conflicts in sight, oldest first.
    ///
    /// # Errors
    /// As [`ReadModel::cases`].
    pub async fn conflicts(
        &self,
        site: Option<SiteCode>,
        at: Option<Position>,
        limit: Option<usize>,
        sight: Channels,
    ) -> Result<ConflictPage, ReadModelError> {
        self.ask(at, move |db, moment| query::conflicts(db, moment, site.as_ref(), limit, &sight)).await
    }

    /// Figures of what is in sight.
    ///
    /// # Errors
    /// As [`ReadModel::cases`].
    pub async fn counts(&self, at: Option<Position>, sight: Sight) -> Result<Counts, ReadModelError> {
        self.ask(at, move |db, moment| query::counts(db, moment, &sight)).await
    }

    /// Cases in sight without names.
    ///
    /// # Errors
    /// As [`ReadModel::cases`].
    pub async fn rows(&self, filter: PlainFilter, sight: Channels) -> Result<PlainPage, ReadModelError> {
        self.ask(filter.at, move |db, moment| query::rows(db, moment, &filter, &sight)).await
    }

    /// The cases in sight that appeared last.
    ///
    /// # Errors
    /// As [`ReadModel::cases`].
    pub async fn arrivals(&self, limit: Option<usize>, sight: Channels) -> Result<Arrivals, ReadModelError> {
        self.ask(None, move |db, moment| query::arrivals(db, moment, limit, &sight)).await
    }

    /// Receipts in sight, newest first, before a position.
    ///
    /// # Errors
    /// As [`ReadModel::cases`].
    pub async fn receipts(
        &self,
        before: Option<Position>,
        limit: Option<usize>,
        sight: Only<SiteCode>,
    ) -> Result<ReceiptPage, ReadModelError> {
        self.ask(None, move |db, moment| query::receipts(db, moment, before, limit, &sight)).await
    }

    /// The receipt of one entry; `None` when that is no parcel's, or not in sight.
    ///
    /// # Errors
    /// As [`ReadModel::cases`].
    pub async fn receipt(
        &self,
        position: Position,
        sight: Only<SiteCode>,
    ) -> Result<Option<ReceiptRow>, ReadModelError> {
        self.ask(None, move |db, _| query::receipt(db, position, &sight)).await
    }

    /// Referrals in sight, newest first, page by page.
    ///
    /// # Errors
    /// As [`ReadModel::cases`].
    pub async fn referrals(
        &self,
        cursor: Option<String>,
        limit: Option<usize>,
        sight: Channels,
    ) -> Result<ReferralPage, ReadModelError> {
        self.ask(None, move |db, moment| query::referrals(db, moment, (cursor.as_deref(), limit), &sight)).await
    }

    /// Looks into all cases: a few rows that name nobody.
    ///
    /// # Errors
    /// As [`ReadModel::cases`].
    pub async fn look_up(&self, text: String) -> Result<LookUpFound, ReadModelError> {
        self.ask(None, move |db, moment| query::look_up(db, moment, &text)).await
    }

    /// The case of a human code.
    ///
    /// # Errors
    /// As [`ReadModel::cases`].
    pub async fn of_code(&self, code: String) -> Result<Option<DocumentId>, ReadModelError> {
        self.ask(None, move |db, moment| query::of_code(db, moment, &code)).await
    }

    /// The human codes of documents, in their order; `None` where there is none.
    ///
    /// # Errors
    /// As [`ReadModel::cases`].
    pub async fn codes(&self, documents: Vec<DocumentId>) -> Result<Vec<Option<String>>, ReadModelError> {
        self.ask(None, move |db, moment| query::codes(db, moment, &documents)).await
    }

    /// Questions asked since the start, answered or not.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.shared.questions_asked.load(std::sync::atomic::Ordering::Relaxed)
    }
}
