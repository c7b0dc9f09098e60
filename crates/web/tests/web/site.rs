//! The wiring: a real site behind the pages and the API.

use std::sync::Arc;

use app::{OpenOptions, Site};
use axum::body::Body;
use axum::http::{Request, header};
use web::{Options, router};

use crate::pages::{get, send};

/// A panel is placed from one reel, as its machine tells it.
const MESSAGES: &str = r#"
{"MessageName":"CFX.Production.WorkStarted","Version":"2.1","TimeStamp":"2026-03-02T06:31:00.0000000+00:00","UniqueID":"00000000-0000-4000-8000-000000000001","Source":"Maker.Placer.1","Target":null,"RequestID":null,"MessageBody":{"PrimaryIdentifier":"PANEL-7","HermesIdentifier":null,"TransactionID":"00000000-0000-4000-8000-0000000000aa","Lane":1,"UnitCount":2,"Units":[{"UnitIdentifier":"PANEL-7","PositionNumber":1},{"UnitIdentifier":"PANEL-7","PositionNumber":2}]}}
{"MessageName":"CFX.Production.Assembly.MaterialsInstalled","Version":"2.1","TimeStamp":"2026-03-02T06:31:20.0000000+00:00","UniqueID":"00000000-0000-4000-8000-000000000002","Source":"Maker.Placer.1","Target":null,"RequestID":null,"MessageBody":{"TransactionId":"00000000-0000-4000-8000-0000000000aa","InstalledMaterials":[{"UnitIdentifier":"PANEL-7","UnitPositionNumber":2,"QuantityInstalled":1,"QuantityNonInstalled":0,"Material":{"UniqueIdentifier":"PKG-1","InternalPartNumber":"IPN-1","Quantity":900},"CarrierLocation":null,"InstalledComponents":[{"ReferenceDesignator":"R17","InstallationTime":"2026-03-02T06:31:15.0000000+00:00"}],"NonInstalledComponents":[]}]}}
{"MessageName":"CFX.Production.WorkCompleted","Version":"2.1","TimeStamp":"2026-03-02T06:31:30.0000000+00:00","UniqueID":"00000000-0000-4000-8000-000000000003","Source":"Maker.Placer.1","Target":null,"RequestID":null,"MessageBody":{"PrimaryIdentifier":"PANEL-7","HermesIdentifier":null,"TransactionID":"00000000-0000-4000-8000-0000000000aa","Result":"Completed","UnitCount":2,"Units":[]}}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn from_the_machines_messages_to_the_pages() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = Site::open(folder.path(), OpenOptions { create: true }).expect("a site");
    let router = router(Arc::new(site.clone()), Options::default());
    let capture = async |body: &'static str| {
        let request = Request::post("/api/v1/capture/cfx").header(header::HOST, "localhost").body(Body::from(body));
        let answer = send(&router, request.expect("a request")).await;
        let answer: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        answer["counts"].clone()
    };

    assert_eq!(get(&router, "/").await.status, 200);
    assert!(get(&router, "/ledger").await.body.contains("Nothing is recorded yet"));
    let first = capture(MESSAGES).await;
    assert_eq!((&first["recorded"], &first["quarantined"]), (&3.into(), &0.into()), "{first}");
    let again = capture(MESSAGES).await;
    assert_eq!((&again["recorded"], &again["duplicates"]), (&0.into(), &3.into()), "a repeat is harmless");
    assert_eq!(capture("{\"MessageName\": “CFX.Heartbeat”}").await["quarantined"], 1);

    let scan = get(&router, "/scan?q=PKG-1").await;
    assert_eq!(scan.header("location"), "/thing/package/PKG-1");
    for (path, says) in [
        ("/", "Maker.Placer.1"),
        ("/unit/PANEL-7/2", "R17"),
        ("/unit/PANEL-7/2", "PKG-1"),
        ("/thing/package/PKG-1", "/unit/PANEL-7/2"),
        ("/ask?q=package%3APKG-1", "/unit/PANEL-7/2"),
        ("/quarantine", "/quarantine/1"),
        ("/ledger", "Maker.Placer.1"),
        ("/ledger/event/1", "MaterialsInstalled"),
        ("/api/v1/trace/PANEL-7/2", "\"R17\""),
        ("/api/v1/where-used?thing=package:PKG-1", "\"PANEL-7/2\""),
        ("/export/where-used.csv?q=package%3APKG-1", "PANEL-7/2,installed,certain,R17"),
    ] {
        let answer = get(&router, path).await;
        assert!(
            answer.status == 200 && answer.body.contains(says),
            "{path} ({}) says {says}: {}",
            answer.status,
            answer.body
        );
    }
    site.close().expect("it closes");
}
