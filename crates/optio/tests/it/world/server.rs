//! Further control planes of a world: `optio serve`, each a process of its own.

use std::{
    fs::{self, File},
    net::SocketAddr,
    os::unix::process::CommandExt,
    process::{Child, ExitStatus},
};

use futures_util::StreamExt as _;
use rustix::process::Signal;

use super::{PATIENCE, World, processes};

/// A control plane among several.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Where it is reached.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Kills it without a word.
    pub(crate) fn kill9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self) {
        processes::signal(self.pid(), Signal::TERM);
    }

    /// Stops its process in the middle of whatever it does.
    pub(crate) fn hang(&self) {
        processes::signal(self.pid(), Signal::STOP);
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        processes::signal(self.pid(), Signal::CONT);
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self, world: &mut World) -> ExitStatus {
        let ended = async |_: &mut World| self.child.try_wait().unwrap();
        world.until("the server to end", ended).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl World {
    /// Starts a control plane beside the others. Its name is known to the database, for audits.
    pub(crate) async fn serve(&mut self, name: &str, args: &[&str]) -> Server {
        self.beside("serve", name, args).await
    }

    /// The same, with another command.
    pub(crate) async fn beside(&mut self, verb: &str, name: &str, args: &[&str]) -> Server {
        let file = |which: &str| self.dir().join(format!("server-{name}.{which}"));
        let (out, err) = (file("out"), file("err"));
        let mut command = self.binary();
        command
            .args([verb, "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(self.data())
            .args(args)
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .process_group(0);
        if let Some(url) = self.env.get("DATABASE_URL") {
            let url = format!("{url}&options=-c%20optio.replica%3D{name}");
            command.env("DATABASE_URL", url);
        }
        let mut child = command.spawn().unwrap();
        let address = self
            .until("the server to listen", async |_: &mut Self| {
                let ended = child.try_wait().unwrap();
                assert!(ended.is_none(), "{}", fs::read_to_string(&err).unwrap());
                let said = fs::read_to_string(&out).unwrap();
                let line = said.lines().next()?;
                Some(
                    line.strip_prefix("Optio listens on http://")?
                        .parse()
                        .unwrap(),
                )
            })
            .await;
        Server { child, address }
    }

    /// Asks this server from now on.
    pub(crate) fn talk_to(&mut self, server: &Server) {
        self.address = Some(server.address);
    }

    /// Ends the world: every server stops when asked, one after the other, and nothing is left.
    pub(crate) async fn end_all<const N: usize>(mut self, servers: [Server; N]) {
        for mut server in servers {
            server.terminate();
            let status = server.ended(&mut self).await;
            assert!(status.success(), "{status}: {}", self.said());
        }
        self.nothing_is_left();
    }

    /// Everything the servers have said.
    pub(super) fn servers_said(&self) -> String {
        let files = fs::read_dir(self.dir()).unwrap().flatten();
        let mut said = String::new();
        for file in files {
            let name = file.file_name().into_string().unwrap();
            if name.starts_with("server-") && name.ends_with(".err") {
                let text = fs::read_to_string(file.path()).unwrap_or_default();
                said.push_str(&format!("--- {name}\n{text}"));
            }
        }
        said
    }

    /// What happens to an agent from now on.
    pub(crate) async fn follow(&self, agent: &str) -> Followed {
        let url = format!("{}/api/persistent-agents/{agent}/events", self.url());
        let answer = self.http.get(url).send().await.unwrap();
        Followed {
            text: String::new(),
            bytes: Box::pin(answer.bytes_stream().map(|bytes| bytes.unwrap().to_vec())),
        }
    }
}

/// A live stream.
pub(crate) struct Followed {
    text: String,
    bytes: std::pin::Pin<Box<dyn futures_util::Stream<Item = Vec<u8>> + Send>>,
}

impl Followed {
    /// Waits for an event of this type.
    pub(crate) async fn until(&mut self, type_name: &str) {
        let line = format!("event: {type_name}");
        while !self.text.contains(&line) {
            let bytes = tokio::time::timeout(PATIENCE, self.bytes.next()).await;
            let bytes = bytes.expect("the event comes").expect("the stream goes on");
            self.text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}
