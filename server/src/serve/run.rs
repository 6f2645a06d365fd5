//! One hub from start to stop, on the thread that [`super::Hub::start`] made.
//!
//! Once the writer has failed, nothing is closed and nobody is waited for: on a full disk the engine of the document
//! store may wait for ever when it is closed, and a thread that reads from it, too. What they hold is leaked; the
//! process is about to end, and all of it is derived.

use std::any::Any;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

use super::app::{App, Parts};
use super::copying::Copying;
use super::error::{HubFailure, StartError};
use super::feeding::Feeding;
use super::metrics::Metrics;
use super::queue::Queue;
use super::writer::{Desk, WriterFailure};
use super::{Options, folder, listen};
use crate::clock::Clock;
use crate::hub::continuing::Continuing;
use crate::hub::published::Shared;
use crate::hub::writer::Job;
use crate::limits::{PANIC_TEXT_CHARACTERS_MAX, WORKER_STACK_BYTES, WRITER_STACK_BYTES};
use crate::random::SystemRandom;
use crate::routes;
use crate::store::read_model::ReadModel;
use crate::tls::{Certificate, CertificateFiles};

/// Calculations that still run when the hub ends are given this long.
const LEFTOVERS: Duration = Duration::from_secs(5);

/// A hub that is ready to answer.
struct Ready {
    runtime: Runtime,
    listener: TcpListener,
    app: Arc<App>,
    writer: JoinHandle<()>,
    failed: mpsc::UnboundedReceiver<WriterFailure>,
    tls: Option<(TlsAcceptor, Certificate)>,
    followers: Vec<JoinHandle<()>>,
}

/// Starts, says so, serves, stops.
pub fn run(
    options: Options,
    stopping: watch::Receiver<bool>,
    started: &Sender<Result<SocketAddr, StartError>>,
) -> Result<(), HubFailure> {
    let ready = match start(options, stopping.clone()) {
        Ok(ready) => ready,
        Err(error) => {
            let _ = started.send(Err(error));
            return Ok(());
        }
    };
    let Ready { runtime, listener, app, writer, mut failed, tls, followers } = ready;
    let router = routes::router(Arc::clone(&app));
    if started.send(Ok(app.address)).is_err() {
        return Ok(());
    }
    let held = (Arc::clone(&app.shared), Arc::clone(&app.read_model));
    let failure = runtime.block_on(async move {
        // With it the queue stays open: a writer that has not failed itself goes on waiting, and closes nothing either.
        let kept = Arc::clone(&app);
        tokio::select! {
            () = listen::serve(listener, app, router, tls, stopping) => Err(failed),
            Some(failure) = failed.recv() => Ok((failure, kept)),
        }
    });
    let mut failed = match failure {
        Ok((failure, kept)) => {
            // Nobody is answered any more: whether the last group was written is for the next start to find out.
            std::mem::forget((held, kept));
            runtime.shutdown_background();
            return Err(failure.into());
        }
        Err(failed) => failed,
    };
    // The last sender of the queue went with the connections: the writer finishes what waits and writes out.
    let writer = writer.join();
    if let Ok(failure) = failed.try_recv() {
        std::mem::forget(held);
        runtime.shutdown_background();
        return Err(failure.into());
    }
    drop(held);
    for follower in followers {
        let _ = follower.join();
    }
    runtime.shutdown_timeout(LEFTOVERS);
    writer.map_err(|panic| HubFailure::Panicked(panic_text(&*panic)))
}

/// Says at the start what else only people who open the page would see.
fn warn_when_held(shared: &Shared) {
    if let Some(restored) = &shared.directory().restored {
        tracing::warn!(
            position = restored.position.0,
            "this hub came back from an older copy: everything is held until an administrator has compared revocations, \
             devices and moves since then and runs `segin admin hub confirm-restored`"
        );
    }
}

fn start(options: Options, stopping: watch::Receiver<bool>) -> Result<Ready, StartError> {
    let listener = listen::bind(options.listen, &options.door)?;
    let tls = options.door.tls.clone().map(|files| certificate(files, &*options.clock)).transpose()?;
    let metrics = Arc::new(Metrics::default());
    let random = &mut SystemRandom;
    let folder::OpenedFolder { mut opened, disk } =
        folder::open(&options.data, &options.master_key, &*options.clock, random, &metrics)?;
    let shared = opened.shared;
    if options.restored {
        let job = Job::Continue(Continuing::Told);
        opened.writer.commit(vec![job], options.clock.now(), random)?;
    }
    warn_when_held(&shared);
    let copying = options
        .copy_to
        .as_ref()
        .map(|target| Copying::start(Arc::clone(&shared), Arc::clone(&disk), &options.data, target))
        .transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("hub-io")
        .thread_stack_size(WORKER_STACK_BYTES)
        .build()
        .map_err(StartError::Thread)?;
    let (address, listener) = listening(listener, options.listen, &runtime)?;
    let (queue, tickets) = Queue::new();
    let (news_sender, news) = watch::channel(shared.published().position);
    let mut followers = Vec::new();
    if let Some(copying) = copying {
        let (news, stopping, handle) = (news.clone(), stopping.clone(), runtime.handle().clone());
        followers.push(thread("hub-copy", move || copying.run(news, stopping, &handle))?);
    }
    let feeding = Feeding::new(Arc::clone(&shared));
    let read_model = if options.lists {
        let read_model = Arc::new(ReadModel::start(feeding.clone())?);
        let (model, told, handle) = (Arc::clone(&read_model), shared.published().position, runtime.handle().clone());
        let follow_news = news.clone();
        followers.push(thread("hub-feeding", move || feeding.run(told, &model, follow_news, &handle))?);
        read_model
    } else {
        Arc::new(ReadModel::off())
    };
    let desk = Desk {
        writer: opened.writer,
        shared: Arc::clone(&shared),
        tickets,
        runtime: runtime.handle().clone(),
        news: news_sender,
        clock: Arc::clone(&options.clock),
        random: Box::new(SystemRandom),
        metrics: Arc::clone(&metrics),
        disk: Arc::clone(&disk),
        disk_free: options.bounds.disk_free,
        disk_free_last: options.bounds.disk_free_last,
    };
    let (failing, failed) = mpsc::unbounded_channel();
    let fail = failing.clone();
    let writer = thread("hub-writer", move || write(desk, &fail))?;
    let parts = Parts {
        shared,
        queue,
        clock: options.clock,
        console: options.console,
        address,
        metrics,
        news,
        stopping,
        disk,
        read_model,
        door: options.door,
        bounds: options.bounds,
        failing,
    };
    Ok(Ready { runtime, listener, app: Arc::new(App::new(parts)), writer, failed, tls, followers })
}

fn certificate(files: CertificateFiles, clock: &dyn Clock) -> Result<(TlsAcceptor, Certificate), StartError> {
    let certificate = Certificate::load(files, clock.now())?;
    Ok((certificate.acceptor()?, certificate))
}

fn listening(
    listener: StdListener,
    asked: SocketAddr,
    runtime: &Runtime,
) -> Result<(SocketAddr, TcpListener), StartError> {
    let wrong = |source| StartError::Address { address: asked, source };
    let address = listener.local_addr().map_err(wrong)?;
    let _guard = runtime.enter();
    Ok((address, TcpListener::from_std(listener).map_err(wrong)?))
}

/// The writer's thread: its failure is told before anything else happens, and its desk is left as it stands.
fn write(mut desk: Desk, fail: &mpsc::UnboundedSender<WriterFailure>) {
    let failure = match catch_unwind(AssertUnwindSafe(|| desk.run())) {
        Ok(Ok(())) => return,
        Ok(Err(fatal)) => WriterFailure::Fatal(fatal),
        Err(panic) => WriterFailure::Panicked(panic_text(&*panic)),
    };
    std::mem::forget(desk);
    tracing::error!(%failure, "the writer failed: the hub ends");
    let _ = fail.send(failure);
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StartError> {
    Builder::new().name(name.to_owned()).stack_size(WRITER_STACK_BYTES).spawn(work).map_err(StartError::Thread)
}

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").chars().take(PANIC_TEXT_CHARACTERS_MAX).collect()
}
