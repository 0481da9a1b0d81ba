//! Notices over real sockets, to receivers that behave and receivers that do not.

use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Mutex,
};

use chrono::Utc;
use optio_domain::{
    id::NoticeId,
    notice::{Notice, NoticeEvent, sample},
    secret::SecretText,
};
use optio_simulators::{Received, Reply, Signature, WebhookReceiver};
use uuid::Uuid;

use super::*;

mod secure;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// A name that leads to wherever a test says.
const NAME: &str = "hooks.example";
/// Long enough for every receiver that answers.
const PATIENT: Duration = Duration::from_secs(10);
/// Short enough to wait for.
const IMPATIENT: Duration = Duration::from_millis(300);

/// Names that lead somewhere else each time they are asked, and in the end nowhere.
#[derive(Default)]
struct Fickle {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: Mutex<Vec<String>>,
}

impl Fickle {
    fn leading(answers: &[&[[u8; 4]]]) -> Arc<Self> {
        let address = |bytes: &[u8; 4]| IpAddr::from(*bytes);
        let answers = answers.iter().map(|all| all.iter().map(address).collect());
        Arc::new(Self {
            answers: Mutex::new(answers.collect()),
            ..Self::default()
        })
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Names for Fickle {
    fn addresses<'a>(&'a self, host: &'a str) -> Eventually<'a, io::Result<Vec<IpAddr>>> {
        self.asked.lock().unwrap().push(host.to_owned());
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async { answer.ok_or_else(|| io::Error::other("no such name")) })
    }
}

fn notifier(private: &str, answer_max: Duration) -> HttpNotifier {
    HttpNotifier {
        private: PrivateHosts::parse(private).unwrap(),
        answer_max,
        names: Arc::new(SystemNames),
        tls: Tls::trusting(Vec::new()),
    }
}

fn with_names(notifier: HttpNotifier, names: &Arc<Fickle>) -> HttpNotifier {
    HttpNotifier {
        names: Arc::<Fickle>::clone(names),
        ..notifier
    }
}

async fn receiver_at(address: [u8; 4], port: u16) -> WebhookReceiver {
    let address = SocketAddr::from((Ipv4Addr::from(address), port));
    WebhookReceiver::start(address, SECRET).await.unwrap()
}

async fn receiver() -> WebhookReceiver {
    receiver_at([127, 0, 0, 1], 0).await
}

fn post(url: &str) -> Post {
    let notice = Notice {
        id: NoticeId(Uuid::from_u128(7)),
        event: NoticeEvent::TaskFailed.name().to_owned(),
        at: "2026-01-01T12:00:00Z".parse().unwrap(),
        data: sample(NoticeEvent::TaskFailed),
        hops: 0,
    };
    let url = WebhookUrl::parse("url", url).unwrap();
    let at = chrono::DateTime::<Utc>::from(std::time::SystemTime::now());
    Post::webhook(&notice, url, &[SecretText::new(SECRET)], at)
}

/// The address of a receiver by a name.
fn by_name(receiver: &WebhookReceiver) -> String {
    format!("http://{NAME}:{}/hook", receiver.address().port())
}

async fn send(notifier: &HttpNotifier, url: &str) -> Attempt {
    notifier.send(&post(url)).await
}

fn only(receiver: &WebhookReceiver) -> Received {
    let mut received = receiver.received();
    assert_eq!(received.len(), 1);
    received.remove(0)
}

#[tokio::test]
async fn a_delivery_arrives_whole_and_signed_in_both_ways() {
    let receiver = receiver().await;
    let sent = post(&receiver.url());
    let answered = notifier("127.0.0.1", PATIENT).send(&sent).await.unwrap();
    assert_eq!(
        (answered.status, answered.excerpt.as_str()),
        (200, "it is 200")
    );
    let came = only(&receiver);
    assert_eq!((came.path.as_str(), &came.body), ("/hook", &sent.body));
    assert_eq!(
        (came.standard, came.seed),
        (Signature::Good, Signature::Good)
    );
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-optio-event", "task.failed"),
        ("x-optio-hops", "1"),
        ("host", &receiver.address().to_string()),
        ("content-length", &sent.body.len().to_string()),
    ] {
        assert_eq!(came.header(name), value, "{name}");
    }
    receiver.stop().await;
}

#[tokio::test]
async fn what_is_not_on_the_public_internet_is_not_called() {
    let receiver = receiver().await;
    let notifier = notifier("", PATIENT);
    let port = receiver.address().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "a.internal",
    ] {
        let sent = send(&notifier, &format!("http://{host}:{port}/")).await;
        let Err(Unsent::Refused(words)) = sent else {
            panic!("{host}: {sent:?}");
        };
        assert!(words.contains("webhook_private_hosts"), "{words}");
    }
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn a_name_that_leads_to_ourselves_is_not_followed_nor_is_one_that_leads_there_too() {
    let receiver = receiver().await;
    for answer in [
        &[[127, 0, 0, 1]][..],
        &[[8, 8, 8, 8], [127, 0, 0, 1]],
        &[[10, 0, 0, 1]],
    ] {
        let names = Fickle::leading(&[answer]);
        let notifier = with_names(notifier("", PATIENT), &names);
        let sent = send(&notifier, &by_name(&receiver)).await;
        let Err(Unsent::Misled(words)) = sent else {
            panic!("{answer:?}: {sent:?}");
        };
        assert!(
            words.starts_with("hooks.example leads elsewhere: 1"),
            "{words}"
        );
    }
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn a_name_is_asked_once_and_the_connection_goes_to_what_was_checked() {
    let first = receiver().await;
    let second = receiver_at([127, 0, 0, 2], first.address().port()).await;
    let names = Fickle::leading(&[&[[127, 0, 0, 1]], &[[127, 0, 0, 2]]]);
    let notifier = with_names(notifier(NAME, PATIENT), &names);
    send(&notifier, &by_name(&first)).await.unwrap();
    assert_eq!(names.asked(), 1);
    assert_eq!((first.received().len(), second.received().len()), (1, 0));
    // The next attempt asks again: no connection is kept beyond what was checked.
    send(&notifier, &by_name(&first)).await.unwrap();
    assert_eq!(names.asked(), 2);
    assert_eq!((first.received().len(), second.received().len()), (1, 1));
}

#[tokio::test]
async fn of_several_addresses_the_first_that_answers_is_taken() {
    let receiver = receiver().await;
    let names = Fickle::leading(&[&[[127, 0, 0, 3], [127, 0, 0, 1]]]);
    let notifier = with_names(notifier(NAME, PATIENT), &names);
    send(&notifier, &by_name(&receiver)).await.unwrap();
    assert_eq!(
        only(&receiver).header("host"),
        format!("{NAME}:{}", receiver.address().port())
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_wherever_it_leads() {
    let (open, hidden) = (receiver().await, receiver().await);
    open.answers([Reply::Redirect(hidden.url())]);
    let answered = send(&notifier("127.0.0.1", PATIENT), &open.url())
        .await
        .unwrap();
    assert_eq!(answered.status, 307);
    assert!(hidden.received().is_empty());
}

#[tokio::test]
async fn whoever_does_not_answer_in_time_is_not_waited_for() {
    let receiver = receiver().await;
    receiver.answers([Reply::Hang, Reply::Slow(PATIENT)]);
    let notifier = notifier("127.0.0.1", IMPATIENT);
    for _ in 0..2 {
        let began = Instant::now();
        let sent = send(&notifier, &receiver.url()).await;
        assert_eq!(sent, Err(Unsent::TimedOut(300)));
        assert!(began.elapsed() < PATIENT / 2);
    }
}

#[tokio::test]
async fn an_answer_is_one_from_its_head_on_and_read_up_to_a_limit() {
    let receiver = receiver().await;
    receiver.answers([Reply::Huge(1 << 30), Reply::Stuck]);
    let notifier = notifier("127.0.0.1", Duration::from_secs(2));
    let huge = send(&notifier, &receiver.url()).await.unwrap();
    assert_eq!((huge.status, huge.excerpt.len()), (200, EXCERPT_BYTES_MAX));
    let stuck = send(&notifier, &receiver.url()).await.unwrap();
    assert_eq!((stuck.status, stuck.excerpt.as_str()), (200, "so far"));
}

#[tokio::test]
async fn statuses_and_wishes_are_passed_on() {
    let receiver = receiver().await;
    let retry_after = "120".to_owned();
    receiver.answers([
        Reply::Status(410),
        Reply::PutOff {
            status: 503,
            retry_after,
        },
    ]);
    let notifier = notifier("127.0.0.1", PATIENT);
    let gone = send(&notifier, &receiver.url()).await.unwrap();
    assert_eq!((gone.status, gone.retry_after), (410, None));
    let busy = send(&notifier, &receiver.url()).await.unwrap();
    assert_eq!(
        (busy.status, busy.retry_after),
        (503, Some(RetryAfter::Seconds(120)))
    );
}

#[tokio::test]
async fn nobody_there_no_such_name_and_no_http_are_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let notifier = with_names(notifier("127.0.0.1", PATIENT), &Fickle::leading(&[&[]]));
    let url = format!("http://127.0.0.1:{port}/");
    let odd = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"220 mail.example ESMTP\r\n")
            .await
            .unwrap();
    });
    let sent = send(&notifier, &url).await;
    assert!(matches!(sent, Err(Unsent::Broken(_))), "{sent:?}");
    odd.await.unwrap();
    let sent = send(&notifier, &url).await;
    assert!(matches!(sent, Err(Unsent::Unreachable(_))), "{sent:?}");
    for _ in 0..2 {
        let sent = send(&notifier, "http://nowhere.example/").await;
        assert!(matches!(sent, Err(Unsent::Unresolved(_))), "{sent:?}");
    }
}

#[tokio::test]
async fn this_machine_knows_its_own_name() {
    let addresses = SystemNames.addresses("localhost").await.unwrap();
    assert!(addresses.iter().all(IpAddr::is_loopback) && !addresses.is_empty());
}
