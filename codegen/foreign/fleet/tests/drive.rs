//! The generated client with the generated server, over HTTP: each reads what the other writes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::sync::{Arc, Mutex};

use axum::response::Response;
use crm_foreign_fleet::v2026::client::Client;
use crm_foreign_fleet::v2026::client::failures::*;
use crm_foreign_fleet::v2026::server::{self, *};
use crm_foreign_fleet::v2026::types;
use crm_runtime::client::{AnswerHeaders, FailureExt, RetryPolicy, Settings};
use crm_runtime::server::{Gate, GateCode, Operation, Problem, RequestId, Served};
use http::request::Parts;
use serde_json::json;

/// Records the requests of handlers.
#[derive(Default)]
struct Handlers {
    asked: Mutex<Vec<String>>,
}

impl Handlers {
    fn note(&self, request: &impl std::fmt::Debug) {
        self.asked.lock().unwrap().push(format!("{request:?}"));
    }
}

impl Gate for Handlers {
    type Context = ();

    async fn admit(&self, _: &'static Operation, _: &Parts) -> Result<(), Problem<GateCode>> {
        Ok(())
    }

    fn body(&self, _: &mut (), _: &'static Operation, _: &Parts, _: &[u8]) {}

    fn finish(
        &self,
        _: Option<&()>,
        _: &'static Operation,
        _: &Parts,
        response: Response,
    ) -> Response {
        response
    }
}

struct Driven {
    handlers: Arc<Handlers>,
    client: Client,
}

impl Driven {
    async fn start() -> Driven {
        let handlers = Arc::new(Handlers::default());
        let router = server::router(Arc::clone(&handlers))
            .layer(axum::Extension(RequestId("r-1".into())))
            .layer(axum::Extension(Served::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let settings = Settings::new(&url).token("t").retry(RetryPolicy::none());
        let client = Client::new(settings).unwrap();
        Driven { handlers, client }
    }

    fn asked(&self) -> String {
        let asked = self.handlers.asked.lock().unwrap();
        asked.last().cloned().unwrap_or_default()
    }
}

/// A value of a generated type, from JSON.
fn of<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).unwrap()
}

type Answer<R, E> = Result<R, Problem<E>>;

impl VehiclesHandlers<()> for Handlers {
    async fn vehicles_list(
        &self,
        _: &(),
        request: vehicles::VehiclesListRequest,
    ) -> Result<vehicles::VehiclesListResponse, vehicles::VehiclesListFailure> {
        self.note(&request);
        let body = of(
            json!({"nodes": [{"id": ID, "note": null}], "pageInfo": {"hasNextPage": false, "endCursor": null}}),
        );
        Ok(vehicles::VehiclesListResponse { body })
    }

    async fn vehicles_create(
        &self,
        _: &(),
        request: vehicles::VehiclesCreateRequest,
    ) -> Result<vehicles::VehiclesCreateResponse, vehicles::VehiclesCreateFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(ID);
        if request.body.name.as_deref() == Some("refuse") {
            let failure = vehicles::VehiclesCreateStatus4xx {
                status: 410,
                body: of(json!({"title": "No more."})),
            };
            return Err(failure.into());
        }
        Ok(match request.body.name.as_deref() {
            Some("old") => vehicles::VehiclesCreateOk { body: of(value) }.into(),
            _ => vehicles::VehiclesCreateCreated { body: of(value) }.into(),
        })
    }

    async fn vehicles_get(
        &self,
        _: &(),
        request: vehicles::VehiclesGetRequest,
    ) -> Result<vehicles::VehiclesGetResponse, vehicles::VehiclesGetFailure> {
        self.note(&request);
        if request.vehicle_id == ID {
            Ok(vehicles::VehiclesGetResponse {
                body: of(json!({"id": ID, "name": "it"})),
            })
        } else {
            Err(vehicles::VehiclesGetNotFound {
                body: of(json!({"title": "There is none.", "status": 404})),
            }
            .into())
        }
    }

    async fn vehicles_update(
        &self,
        _: &(),
        request: vehicles::VehiclesUpdateRequest,
    ) -> Result<vehicles::VehiclesUpdateResponse, vehicles::VehiclesUpdateFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(request.body.unwrap_or_default()).unwrap();
        value["id"] = json!(request.vehicle_id);
        Ok(vehicles::VehiclesUpdateResponse { body: of(value) })
    }

    async fn vehicles_delete(
        &self,
        _: &(),
        request: vehicles::VehiclesDeleteRequest,
    ) -> Result<vehicles::VehiclesDeleteResponse, vehicles::VehiclesDeleteFailure> {
        self.note(&request);
        Ok(vehicles::VehiclesDeleteResponse)
    }
}

impl DriversHandlers<()> for Handlers {
    async fn drivers_list(
        &self,
        _: &(),
        request: drivers::DriversListRequest,
    ) -> Result<drivers::DriversListResponse, drivers::DriversListFailure> {
        self.note(&request);
        let body = of(
            json!({"nodes": [{"id": ID, "note": null}], "pageInfo": {"hasNextPage": false, "endCursor": null}}),
        );
        Ok(drivers::DriversListResponse { body })
    }

    async fn drivers_create(
        &self,
        _: &(),
        request: drivers::DriversCreateRequest,
    ) -> Result<drivers::DriversCreateResponse, drivers::DriversCreateFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(ID);
        Ok(match request.body.name.as_deref() {
            Some("old") => drivers::DriversCreateOk { body: of(value) }.into(),
            _ => drivers::DriversCreateCreated { body: of(value) }.into(),
        })
    }

    async fn drivers_get(
        &self,
        _: &(),
        request: drivers::DriversGetRequest,
    ) -> Result<drivers::DriversGetResponse, drivers::DriversGetFailure> {
        self.note(&request);
        if request.driver_id == ID {
            Ok(drivers::DriversGetResponse {
                body: of(json!({"id": ID, "name": "it"})),
            })
        } else {
            Err(drivers::DriversGetNotFound {
                body: of(json!({"title": "There is none.", "status": 404})),
            }
            .into())
        }
    }

    async fn drivers_update(
        &self,
        _: &(),
        request: drivers::DriversUpdateRequest,
    ) -> Result<drivers::DriversUpdateResponse, drivers::DriversUpdateFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(request.body.unwrap_or_default()).unwrap();
        value["id"] = json!(request.driver_id);
        Ok(drivers::DriversUpdateResponse { body: of(value) })
    }

    async fn drivers_delete(
        &self,
        _: &(),
        request: drivers::DriversDeleteRequest,
    ) -> Result<drivers::DriversDeleteResponse, drivers::DriversDeleteFailure> {
        self.note(&request);
        Ok(drivers::DriversDeleteResponse)
    }
}

impl TripsHandlers<()> for Handlers {
    async fn trips_list(
        &self,
        _: &(),
        request: trips::TripsListRequest,
    ) -> Result<trips::TripsListResponse, trips::TripsListFailure> {
        self.note(&request);
        let body = of(
            json!({"nodes": [{"id": ID, "note": null}], "pageInfo": {"hasNextPage": false, "endCursor": null}}),
        );
        Ok(trips::TripsListResponse { body })
    }

    async fn trips_create(
        &self,
        _: &(),
        request: trips::TripsCreateRequest,
    ) -> Result<trips::TripsCreateResponse, trips::TripsCreateFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(ID);
        Ok(match request.body.name.as_deref() {
            Some("old") => trips::TripsCreateOk { body: of(value) }.into(),
            _ => trips::TripsCreateCreated { body: of(value) }.into(),
        })
    }

    async fn trips_get(
        &self,
        _: &(),
        request: trips::TripsGetRequest,
    ) -> Result<trips::TripsGetResponse, trips::TripsGetFailure> {
        self.note(&request);
        if request.trip_id == ID {
            Ok(trips::TripsGetResponse {
                body: of(json!({"id": ID, "name": "it"})),
            })
        } else {
            Err(trips::TripsGetNotFound {
                body: of(json!({"title": "There is none.", "status": 404})),
            }
            .into())
        }
    }

    async fn trips_update(
        &self,
        _: &(),
        request: trips::TripsUpdateRequest,
    ) -> Result<trips::TripsUpdateResponse, trips::TripsUpdateFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(request.body.unwrap_or_default()).unwrap();
        value["id"] = json!(request.trip_id);
        Ok(trips::TripsUpdateResponse { body: of(value) })
    }

    async fn trips_delete(
        &self,
        _: &(),
        request: trips::TripsDeleteRequest,
    ) -> Result<trips::TripsDeleteResponse, trips::TripsDeleteFailure> {
        self.note(&request);
        Ok(trips::TripsDeleteResponse)
    }

    async fn trips_report_position(
        &self,
        _: &(),
        request: trips::TripsReportPositionRequest,
    ) -> Answer<trips::TripsReportPositionResponse, trips::TripsReportPositionError> {
        self.note(&request);
        Ok(if request.dry_run {
            trips::TripsReportPositionOk {
                body: of(json!({"kilometresLeft": 2.5})),
            }
            .into()
        } else {
            trips::TripsReportPositionCreated {
                body: of(json!({"arrivedAt": "2026-03-01T10:00:00Z"})),
            }
            .into()
        })
    }
}

impl GeofencesHandlers<()> for Handlers {
    async fn geofences_list(
        &self,
        _: &(),
        request: geofences::GeofencesListRequest,
    ) -> Result<geofences::GeofencesListResponse, geofences::GeofencesListFailure> {
        self.note(&request);
        let body = of(
            json!({"nodes": [{"id": ID, "note": null}], "pageInfo": {"hasNextPage": false, "endCursor": null}}),
        );
        Ok(geofences::GeofencesListResponse { body })
    }

    async fn geofences_create(
        &self,
        _: &(),
        request: geofences::GeofencesCreateRequest,
    ) -> Result<geofences::GeofencesCreateResponse, geofences::GeofencesCreateFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(ID);
        Ok(match request.body.name.as_deref() {
            Some("old") => geofences::GeofencesCreateOk { body: of(value) }.into(),
            _ => geofences::GeofencesCreateCreated { body: of(value) }.into(),
        })
    }

    async fn geofences_get(
        &self,
        _: &(),
        request: geofences::GeofencesGetRequest,
    ) -> Result<geofences::GeofencesGetResponse, geofences::GeofencesGetFailure> {
        self.note(&request);
        if request.geofence_id == ID {
            Ok(geofences::GeofencesGetResponse {
                body: of(json!({"id": ID, "name": "it"})),
            })
        } else {
            Err(geofences::GeofencesGetNotFound {
                body: of(json!({"title": "There is none.", "status": 404})),
            }
            .into())
        }
    }

    async fn geofences_update(
        &self,
        _: &(),
        request: geofences::GeofencesUpdateRequest,
    ) -> Result<geofences::GeofencesUpdateResponse, geofences::GeofencesUpdateFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(request.body.unwrap_or_default()).unwrap();
        value["id"] = json!(request.geofence_id);
        Ok(geofences::GeofencesUpdateResponse { body: of(value) })
    }

    async fn geofences_delete(
        &self,
        _: &(),
        request: geofences::GeofencesDeleteRequest,
    ) -> Result<geofences::GeofencesDeleteResponse, geofences::GeofencesDeleteFailure> {
        self.note(&request);
        Ok(geofences::GeofencesDeleteResponse)
    }
}

impl AlertsHandlers<()> for Handlers {
    async fn alerts_list(
        &self,
        _: &(),
        request: alerts::AlertsListRequest,
    ) -> Result<alerts::AlertsListResponse, alerts::AlertsListFailure> {
        self.note(&request);
        let body = of(
            json!({"nodes": [{"id": ID, "note": null}], "pageInfo": {"hasNextPage": false, "endCursor": null}}),
        );
        Ok(alerts::AlertsListResponse { body })
    }

    async fn alerts_create(
        &self,
        _: &(),
        request: alerts::AlertsCreateRequest,
    ) -> Result<alerts::AlertsCreateResponse, alerts::AlertsCreateFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(ID);
        Ok(match request.body.name.as_deref() {
            Some("old") => alerts::AlertsCreateOk { body: of(value) }.into(),
            _ => alerts::AlertsCreateCreated { body: of(value) }.into(),
        })
    }

    async fn alerts_get(
        &self,
        _: &(),
        request: alerts::AlertsGetRequest,
    ) -> Result<alerts::AlertsGetResponse, alerts::AlertsGetFailure> {
        self.note(&request);
        if request.alert_id == ID {
            Ok(alerts::AlertsGetResponse {
                body: of(json!({"id": ID, "name": "it"})),
            })
        } else {
            Err(alerts::AlertsGetNotFound {
                body: of(json!({"title": "There is none.", "status": 404})),
            }
            .into())
        }
    }

    async fn alerts_update(
        &self,
        _: &(),
        request: alerts::AlertsUpdateRequest,
    ) -> Result<alerts::AlertsUpdateResponse, alerts::AlertsUpdateFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(request.body.unwrap_or_default()).unwrap();
        value["id"] = json!(request.alert_id);
        Ok(alerts::AlertsUpdateResponse { body: of(value) })
    }

    async fn alerts_delete(
        &self,
        _: &(),
        request: alerts::AlertsDeleteRequest,
    ) -> Result<alerts::AlertsDeleteResponse, alerts::AlertsDeleteFailure> {
        self.note(&request);
        Ok(alerts::AlertsDeleteResponse)
    }
}

impl DevicesHandlers<()> for Handlers {
    async fn devices_list(
        &self,
        _: &(),
        request: devices::DevicesListRequest,
    ) -> Result<devices::DevicesListResponse, devices::DevicesListFailure> {
        self.note(&request);
        let body = of(
            json!({"nodes": [{"id": ID, "note": null}], "pageInfo": {"hasNextPage": false, "endCursor": null}}),
        );
        Ok(devices::DevicesListResponse { body })
    }

    async fn devices_create(
        &self,
        _: &(),
        request: devices::DevicesCreateRequest,
    ) -> Result<devices::DevicesCreateResponse, devices::DevicesCreateFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(ID);
        Ok(match request.body.name.as_deref() {
            Some("old") => devices::DevicesCreateOk { body: of(value) }.into(),
            _ => devices::DevicesCreateCreated { body: of(value) }.into(),
        })
    }

    async fn devices_get(
        &self,
        _: &(),
        request: devices::DevicesGetRequest,
    ) -> Result<devices::DevicesGetResponse, devices::DevicesGetFailure> {
        self.note(&request);
        if request.device_id == ID {
            Ok(devices::DevicesGetResponse {
                body: of(json!({"id": ID, "name": "it"})),
            })
        } else {
            Err(devices::DevicesGetNotFound {
                body: of(json!({"title": "There is none.", "status": 404})),
            }
            .into())
        }
    }

    async fn devices_update(
        &self,
        _: &(),
        request: devices::DevicesUpdateRequest,
    ) -> Result<devices::DevicesUpdateResponse, devices::DevicesUpdateFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(request.body.unwrap_or_default()).unwrap();
        value["id"] = json!(request.device_id);
        Ok(devices::DevicesUpdateResponse { body: of(value) })
    }

    async fn devices_delete(
        &self,
        _: &(),
        request: devices::DevicesDeleteRequest,
    ) -> Result<devices::DevicesDeleteResponse, devices::DevicesDeleteFailure> {
        self.note(&request);
        Ok(devices::DevicesDeleteResponse)
    }
}

impl V1Handlers<()> for Handlers {
    async fn exports_start(
        &self,
        _: &(),
        request: v1::ExportsStartRequest,
    ) -> Answer<v1::ExportsStartResponse, v1::ExportsStartError> {
        self.note(&request);
        Ok(v1::ExportsStartResponse)
    }

    async fn pings_send(
        &self,
        _: &(),
        request: v1::PingsSendRequest,
    ) -> Answer<v1::PingsSendResponse, v1::PingsSendError> {
        self.note(&request);
        Ok(v1::PingsSendResponse)
    }

    async fn feedback_send(
        &self,
        _: &(),
        request: v1::FeedbackSendRequest,
    ) -> Answer<v1::FeedbackSendResponse, v1::FeedbackSendError> {
        self.note(&request);
        Ok(v1::FeedbackSendResponse)
    }
}

const ID: &str = "0190a1b2-0000-7000-8000-00000000000f";

#[tokio::test]
async fn parameters_of_every_form_arrive() {
    let driven = Driven::start().await;
    let page = driven
        .client
        .vehicles_list()
        .first(7)
        .ids(vec![ID.to_owned()])
        .from("2026-03-01T00:00:00Z")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (page.nodes[0].id.as_str(), page.page_info.has_next_page),
        (ID, false)
    );
    let asked = driven.asked();
    for part in [
        "first: 7",
        ID,
        "from: Some(\"2026-03-01T00:00:00Z\")",
        "to: None",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    driven.client.devices_list().send().await.unwrap();
    assert!(driven.asked().contains("first: 25"), "{}", driven.asked());
    let refused = driven
        .client
        .alerts_list()
        .first(0)
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused.status().map(|status| status.as_u16()), Some(400));
}

#[tokio::test]
async fn records_are_made_changed_and_read() {
    let driven = Driven::start().await;
    let input: types::VehicleInput =
        of(json!({"name": "van", "note": null, "plate": "B-1", "fuel": "electric"}));
    let made = driven
        .client
        .vehicles_create()
        .body(input)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status().as_u16(), 201);
    assert_eq!(
        (made.plate.as_deref(), &made.note),
        (Some("B-1"), &Some(None))
    );
    let old = driven
        .client
        .drivers_create()
        .body(of::<types::DriverInput>(json!({"name": "old"})))
        .send()
        .await
        .unwrap();
    assert_eq!(old.status().as_u16(), 200);
    let changed = driven
        .client
        .geofences_update()
        .geofence_id(ID)
        .body(Some(of::<types::GeofenceInput>(json!({"radius": 500}))))
        .send()
        .await
        .unwrap();
    assert_eq!(changed.radius, Some(500));
    let missing = driven
        .client
        .trips_get()
        .trip_id("0190a1b2-0000-7000-8000-000000000001")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        missing.header("content-type"),
        Some("application/problem+json")
    );
    assert!(
        matches!(missing.failure(), Some(TripsGetFailure::NotFound(problem)) if problem.title.as_deref() == Some("There is none."))
    );
    let refuse: types::VehicleInput = of(json!({"name": "refuse"}));
    let call = driven.client.vehicles_create().body(refuse).send();
    let refused = call.await.unwrap_err();
    assert_eq!(refused.status().map(|status| status.as_u16()), Some(410));
    assert!(
        matches!(refused.failure(), Some(VehiclesCreateFailure::Status4xx(problem)) if problem.title.as_deref() == Some("No more."))
    );
    driven
        .client
        .devices_delete()
        .device_id(ID)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn each_of_several_successes_is_read() {
    let driven = Driven::start().await;
    let position: types::Position = of(json!({"lat": 52.5, "lon": 13.4, "heading": null}));
    let on_the_way = driven
        .client
        .trips_report_position()
        .trip_id(ID)
        .dry_run(true)
        .body(position.clone())
        .send()
        .await
        .unwrap();
    assert!(
        matches!(on_the_way.into_inner(), types::TripsReportPositionAnswer::Progress(left) if left.kilometres_left == 2.5)
    );
    let arrived = driven
        .client
        .trips_report_position()
        .trip_id(ID)
        .body(position)
        .send()
        .await
        .unwrap();
    assert_eq!(arrived.status().as_u16(), 201);
    assert!(matches!(
        arrived.into_inner(),
        types::TripsReportPositionAnswer::Arrival(_)
    ));
    let far: types::Position = of(json!({"lat": 91.0, "lon": 13.4}));
    let refused = driven
        .client
        .trips_report_position()
        .trip_id(ID)
        .body(far)
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused.status().map(|status| status.as_u16()), Some(400));
}

#[tokio::test]
async fn a_form_of_parts_arrives_as_bytes() {
    let driven = Driven::start().await;
    driven
        .client
        .exports_start()
        .body(b"--x--".to_vec())
        .send()
        .await
        .unwrap();
    assert!(driven.asked().contains("--x--"), "{}", driven.asked());
}

#[tokio::test]
async fn forms_may_be_left_out_and_hold_more() {
    let driven = Driven::start().await;
    let feedback: types::Feedback =
        of(json!({"stars": 5, "topics": ["a,b", "c"], "note": "good", "more": "x"}));
    let sent = driven.client.feedback_send().body(Some(feedback.clone()));
    sent.send().await.unwrap();
    assert!(driven.asked().contains(&format!("{feedback:?}")));
    driven.client.feedback_send().send().await.unwrap();
    assert!(driven.asked().contains("body: None"), "{}", driven.asked());
    let call = |value| {
        let body: types::Feedback = of(value);
        driven.client.feedback_send().body(Some(body)).send()
    };
    let unwritable = call(json!({"stars": 1, "topics": ["a|b"]})).await;
    assert_eq!(unwritable.unwrap_err().status(), None);
    for value in [json!({"stars": 6}), json!({"stars": 1, "more": "longer"})] {
        let refused = call(value).await.unwrap_err();
        assert_eq!(refused.status().map(|status| status.as_u16()), Some(400));
    }
}
