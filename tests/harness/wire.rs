//! A wire to the database that can go dead without a word, as when its host loses power: nothing is closed, nothing
//! answers any more. What is connected after it was mended works.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;

pub struct Wire {
    pub url: String,
    is_dead: watch::Sender<bool>,
}

impl Wire {
    pub async fn to(database_url: &str) -> Self {
        let (head, folder) = database_url.split_once("?host=").expect("a database reached by a socket");
        let database = head.rsplit('/').next().unwrap();
        let socket = format!("{folder}/.s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_dead = watch::Sender::new(false);
        let state = is_dead.subscribe();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (mut state, socket) = (state.clone(), socket.clone());
                tokio::spawn(async move {
                    let mut far = UnixStream::connect(socket).await.unwrap();
                    let dies = async { state.wait_for(|is_dead| *is_dead).await.map(|_| ()) };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => return,
                        _ = dies => {}
                    }
                    // both ends stay open, and nobody speaks any more
                    std::future::pending::<()>().await;
                });
            }
        });
        Self { url: format!("postgres://postgres@127.0.0.1:{port}/{database}?sslmode=disable"), is_dead }
    }

    pub fn cut(&self) {
        self.is_dead.send_replace(true);
    }

    pub fn mend(&self) {
        self.is_dead.send_replace(false);
    }
}
