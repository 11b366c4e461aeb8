//! A device in the hand of somebody who seals and sends what a real one would not.

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use server::auth::code::EnrolmentCode;
use server::auth::statement::{self, PROOF_HEADER};
use sync_core::id::{ActorId, AreaId, CertificateNo, DeviceId, PublicKey, RecordId, RecordKind, RecorderId, Role};
use sync_core::log::{Batch, BatchHeader, Body, Digest16, Head, LogId, RawChange, Signature, seal};
use sync_core::record::{self, Author, Draft, Edit, Patch, SessionEdit, Village};
use sync_core::sync::{Page, ReceiptFile, Request, Withheld};

use super::site::{START, Served};
use super::{Failure, NA_CHOONG};

/// A change with what it is filed under.
pub type Change = (RecordKind, RecordId, RawChange);

/// An enrolled key without the program around it.
#[derive(Debug)]
pub struct Hand {
    /// Its id.
    pub id: DeviceId,
    /// Its owner.
    pub recorder: RecorderId,
    /// The head of its log of the area it seals in.
    pub head: Head,
    /// What carried files are encrypted to.
    pub carry_recipient: String,
    key: SigningKey,
    url: String,
    token: String,
    certificate: CertificateNo,
    http: reqwest::Client,
    counter: u64,
    serial: u64,
}

/// What a call gave.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub media: String,
    /// The body, unpacked.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The code of a problem.
    #[must_use]
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The receipts of a deposit.
    ///
    /// # Errors
    /// When the answer is none.
    pub fn receipts(&self) -> Result<ReceiptFile, Failure> {
        if self.status != 200 {
            return Err(format!("{}: {}", self.status, String::from_utf8_lossy(&self.bytes)).into());
        }
        Ok(ReceiptFile::from_bytes(&self.bytes)?)
    }
}

fn client() -> Result<reqwest::Client, Failure> {
    Ok(reqwest::Client::builder().tls_certs_only([]).no_proxy().build()?)
}

impl Hand {
    /// Makes an account and enrols a key for it.
    ///
    /// # Errors
    /// When either is refused.
    pub async fn enrol(at: &Served, name: &str, role: Role, areas: &[AreaId]) -> Result<Self, Failure> {
        let account = at.account(name, role, areas).await?;
        Self::enrol_with(&at.url, name, &at.code(&account).await?).await
    }

    /// Enrols a key by a code.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn enrol_with(url: &str, name: &str, code: &str) -> Result<Self, Failure> {
        let code: EnrolmentCode = code.parse()?;
        let key = SigningKey::from_bytes(&rand::random());
        let public = PublicKey(key.verifying_key().to_bytes());
        let http = client()?;
        let signature = Signature(key.sign(&statement::enrolment(&code, &public)).to_bytes());
        let body = json!({ "code": code.shown(), "public_key": public, "label": name,
            "signature": sync_core::id::to_hex(&signature.0) });
        let mut hand = Self {
            id: DeviceId::of_key(&public),
            recorder: RecorderId(0),
            head: Head::EMPTY,
            carry_recipient: String::new(),
            key,
            url: url.to_owned(),
            token: String::new(),
            certificate: CertificateNo(0),
            http,
            counter: 0,
            serial: 0,
        };
        let answer =
            hand.send("POST", "/v1/enrolments", "application/json", body.to_string().into_bytes(), false).await?;
        let grant = answer.json();
        hand.token = grant["access_token"].as_str().ok_or(format!("no token: {grant}"))?.to_owned();
        hand.carry_recipient = grant["server"]["carry_recipient"].as_str().ok_or("no carry recipient")?.to_owned();
        hand.certificate = serde_json::from_value(grant["certificate"]["no"].clone())?;
        hand.recorder = serde_json::from_value(grant["certificate"]["recorder"].clone())?;
        Ok(hand)
    }

    /// The certificate it seals under.
    #[must_use]
    pub fn certificate(&self) -> CertificateNo {
        self.certificate
    }

    /// Forgets its connections; the next request opens one.
    ///
    /// # Errors
    /// Never with these settings.
    pub fn reconnect(&mut self) -> Result<(), Failure> {
        self.http = client()?;
        Ok(())
    }

    /// Calls another address of its server.
    pub fn move_to(&mut self, url: &str) {
        self.url = url.to_owned();
    }

    /// Who writes, by the clock of [`START`].
    #[must_use]
    pub fn author(&self, device: DeviceId) -> Author {
        Author { actor: ActorId::new(device, rand::random()), recorder: self.recorder, claimed_at: START }
    }

    /// A new session by this author.
    ///
    /// # Errors
    /// Never with these values.
    pub fn session_by(&mut self, author: &Author, attendances: u32) -> Result<Change, Failure> {
        let mut edit = SessionEdit::default();
        edit.fields.date = Patch::Set("2026-11-20".parse()?);
        edit.fields.village = Patch::Set(Village::Listed(NA_CHOONG.to_owned()));
        edit.fields.attendances = Patch::Set(attendances);
        self.serial += 1;
        let new = record::create(&Draft::Session(Box::new(edit)), author, self.serial)?;
        Ok((RecordKind::Session, new.id, RawChange::from_framed(&new.change.bytes)?))
    }

    /// A new record of its own.
    ///
    /// # Errors
    /// When a field is refused.
    pub fn create(&mut self, draft: &Draft) -> Result<Change, Failure> {
        self.serial += 1;
        let new = record::create(draft, &self.author(self.id), self.serial)?;
        Ok((draft.kind(), new.id, RawChange::from_framed(&new.change.bytes)?))
    }

    /// A new session of its own.
    ///
    /// # Errors
    /// Never with these values.
    pub fn session(&mut self, attendances: u32) -> Result<Change, Failure> {
        let author = self.author(self.id);
        self.session_by(&author, attendances)
    }

    /// An edit of a session whose changes are given.
    ///
    /// # Errors
    /// When they are not a session.
    pub fn edit(&self, of: &[&Change], attendances: u32) -> Result<Change, Failure> {
        let mut edit = SessionEdit::default();
        edit.fields.attendances = Patch::Set(attendances);
        let changes: Vec<&[u8]> = of.iter().map(|(_, _, change)| change.framed()).collect();
        let made = record::edit(&changes, &Edit::Session(Box::new(edit)), &self.author(self.id))?;
        let made = made.ok_or("the edit changes nothing")?;
        Ok((of[0].0, of[0].1, RawChange::from_framed(&made.bytes)?))
    }

    /// Seals changes as the next batch of its log of this area.
    ///
    /// # Errors
    /// When there are too many.
    pub fn seal(&mut self, area: AreaId, changes: &[Change]) -> Result<Batch, Failure> {
        let header = seal(LogId { area, device: self.id }, self.head, self.certificate, START, changes)?;
        let batch = self.sign(header, changes)?;
        self.head = batch.head();
        Ok(batch)
    }

    /// Signs any header.
    ///
    /// # Errors
    /// When the changes do not fit it.
    pub fn sign(&self, header: BatchHeader, changes: &[Change]) -> Result<Batch, Failure> {
        self.sign_with(header, changes.iter().map(|(_, _, change)| Some(change.clone())).collect())
    }

    /// Signs any header, with these bodies.
    ///
    /// # Errors
    /// When the bodies do not fit it.
    pub fn sign_with(&self, header: BatchHeader, bodies: Vec<Body>) -> Result<Batch, Failure> {
        let signature = Signature(self.key.sign(&header.signing_bytes()).to_bytes());
        Ok(Batch::new(header, signature, bodies)?)
    }

    /// A request of an exchange that brings batches and says what the device's own log holds; little is asked for.
    #[must_use]
    pub fn request(&self, area: AreaId, batches: Vec<Batch>) -> Vec<u8> {
        let heads = vec![(LogId { area, device: self.id }, self.head)];
        let page = Page { batches };
        let (clock, agreement) = (START, Digest16::NONE);
        let (withheld, certificates) = (Withheld::new(), Vec::new());
        Request { clock, agreement, page_bytes: 1, take_snapshots: false, heads, withheld, certificates, page }
            .to_bytes()
    }

    /// Brings batches in an exchange.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn sync(&mut self, area: AreaId, batches: Vec<Batch>) -> Result<Answer, Failure> {
        let body = self.request(area, batches);
        self.send("POST", "/v1/sync", "application/vnd.banlang.sync", body, true).await
    }

    /// Brings batches to the write-only endpoint.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn deposit(&mut self, batches: Vec<Batch>) -> Result<Answer, Failure> {
        let body = Page { batches }.to_bytes();
        self.send("POST", "/v1/deposits", "application/vnd.banlang.page", body, false).await
    }

    /// Asks for the data key behind a forgotten PIN, as a field app does.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn forget_pin(&mut self) -> Result<(), Failure> {
        let carry: age::x25519::Recipient = self.carry_recipient.parse().map_err(|error: &str| error.to_owned())?;
        let text = [b"BLRECOV1".as_slice(), self.id.as_bytes(), &[7; 32]].concat();
        let envelope = age::encrypt(&carry, &text)?;
        let recipient = age::x25519::Identity::generate().to_public().to_string();
        let body =
            json!({ "device_id": self.id, "envelope": sync_core::id::to_hex(&envelope), "recipient": recipient });
        let answer =
            self.send("POST", "/v1/recoveries", "application/json", body.to_string().into_bytes(), false).await?;
        if answer.status == 200 { Ok(()) } else { Err(format!("{}: {}", answer.status, answer.json()).into()) }
    }

    /// Puts another token in the place of its own.
    pub fn hold(&mut self, token: String) {
        self.token = token;
    }

    /// The token it holds.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Any call, with token and proof when `signed`.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn send(
        &mut self,
        method: &str,
        target: &str,
        media: &str,
        body: Vec<u8>,
        signed: bool,
    ) -> Result<Answer, Failure> {
        self.send_as(method, target, &[("content-type", media)], body, signed).await
    }

    /// Any call with any headers; an empty one is left out.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn send_as(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        signed: bool,
    ) -> Result<Answer, Failure> {
        let mut request = self.http.request(method.parse()?, format!("{}{target}", self.url));
        request = request.header("accept-encoding", "zstd");
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        if signed {
            self.counter += 1;
            let proof = statement::proof_header(&self.key, method, target, &body, &self.token, self.counter);
            request = request.header("authorization", format!("Bearer {}", self.token)).header(PROOF_HEADER, proof);
        }
        let response = request.body(body).send().await?;
        let status = response.status().as_u16();
        let media = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let media = media.unwrap_or_default().to_owned();
        let packed = response.headers().get("content-encoding").is_some_and(|encoding| encoding == "zstd");
        let bytes = response.bytes().await?.to_vec();
        let bytes = if packed && !bytes.is_empty() { zstd::decode_all(&bytes[..])? } else { bytes };
        Ok(Answer { status, media, bytes })
    }
}
