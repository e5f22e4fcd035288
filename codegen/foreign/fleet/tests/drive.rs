//! The generated client against the generated server, over HTTP: what the one writes the other reads.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::sync::{Arc, Mutex};

use axum::response::Response;
use crm_foreign_fleet::v2026::client::Client;
use crm_foreign_fleet::v2026::server::{self, *};
use crm_foreign_fleet::v2026::types;
use crm_runtime::client::{ErrorExt, RetryPolicy, Settings};
use crm_runtime::server::{Gate, GateCode, Operation, Problem, RequestId, Served};
use http::request::Parts;
use serde_json::json;

/// Remembers what handlers were asked.
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
    ) -> Answer<vehicles::VehiclesListResponse, vehicles::VehiclesListError> {
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
    ) -> Answer<vehicles::VehiclesCreateResponse, vehicles::VehiclesCreateError> {
        self.note(&request);
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(ID);
        Ok(match request.body.name.as_deref() {
            Some("old") => vehicles::VehiclesCreateOk { body: of(value) }.into(),
            _ => vehicles::VehiclesCreateCreated { body: of(value) }.into(),
        })
    }

    async fn vehicles_get(
        &self,
        _: &(),
        request: vehicles::VehiclesGetRequest,
    ) -> Answer<vehicles::VehiclesGetResponse, vehicles::VehiclesGetError> {
        self.note(&request);
        if request.vehicle_id == ID {
            Ok(vehicles::VehiclesGetResponse {
                body: of(json!({"id": ID, "name": "it"})),
            })
        } else {
            Err(Problem::new(
                vehicles::VehiclesGetError::NotFound,
                "There is none.",
            ))
        }
    }

    async fn vehicles_update(
        &self,
        _: &(),
        request: vehicles::VehiclesUpdateRequest,
    ) -> Answer<vehicles::VehiclesUpdateResponse, vehicles::VehiclesUpdateError> {
        self.note(&request);
        let mut value = serde_json::to_value(request.body.unwrap_or_default()).unwrap();
        value["id"] = json!(request.vehicle_id);
        Ok(vehicles::VehiclesUpdateResponse { body: of(value) })
    }

    async fn vehicles_delete(
        &self,
        _: &(),
        request: vehicles::VehiclesDeleteRequest,
    ) -> Answer<vehicles::VehiclesDeleteResponse, vehicles::VehiclesDeleteError> {
        self.note(&request);
        Ok(vehicles::VehiclesDeleteResponse)
    }
}

impl DriversHandlers<()> for Handlers {
    async fn drivers_list(
        &self,
        _: &(),
        request: drivers::DriversListRequest,
    ) -> Answer<drivers::DriversListResponse, drivers::DriversListError> {
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
    ) -> Answer<drivers::DriversCreateResponse, drivers::DriversCreateError> {
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
    ) -> Answer<drivers::DriversGetResponse, drivers::DriversGetError> {
        self.note(&request);
        if request.driver_id == ID {
            Ok(drivers::DriversGetResponse {
                body: of(json!({"id": ID, "name": "it"})),
            })
        } else {
            Err(Problem::new(
                drivers::DriversGetError::NotFound,
                "There is none.",
            ))
        }
    }

    async fn drivers_update(
        &self,
        _: &(),
        request: drivers::DriversUpdateRequest,
    ) -> Answer<drivers::DriversUpdateResponse, drivers::DriversUpdateError> {
        self.note(&request);
        let mut value = serde_json::to_value(request.body.unwrap_or_default()).unwrap();
        value["id"] = json!(request.driver_id);
        Ok(drivers::DriversUpdateResponse { body: of(value) })
    }

    async fn drivers_delete(
        &self,
        _: &(),
        request: drivers::DriversDeleteRequest,
    ) -> Answer<drivers::DriversDeleteResponse, drivers::DriversDeleteError> {
        self.note(&request);
        Ok(drivers::DriversDeleteResponse)
    }
}

impl TripsHandlers<()> for Handlers {
    async fn trips_list(
        &self,
        _: &(),
        request: trips::TripsListRequest,
    ) -> Answer<trips::TripsListResponse, trips::TripsListError> {
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
    ) -> Answer<trips::TripsCreateResponse, trips::TripsCreateError> {
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
    ) -> Answer<trips::TripsGetResponse, trips::TripsGetError> {
        self.note(&request);
        if request.trip_id == ID {
            Ok(trips::TripsGetResponse {
                body: of(json!({"id": ID, "name": "it"})),
            })
        } else {
            Err(Problem::new(
                trips::TripsGetError::NotFound,
                "There is none.",
            ))
        }
    }

    async fn trips_update(
        &self,
        _: &(),
        request: trips::TripsUpdateRequest,
    ) -> Answer<trips::TripsUpdateResponse, trips::TripsUpdateError> {
        self.note(&request);
        let mut value = serde_json::to_value(request.body.unwrap_or_default()).unwrap();
        value["id"] = json!(request.trip_id);
        Ok(trips::TripsUpdateResponse { body: of(value) })
    }

    async fn trips_delete(
        &self,
        _: &(),
        request: trips::TripsDeleteRequest,
    ) -> Answer<trips::TripsDeleteResponse, trips::TripsDeleteError> {
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
    ) -> Answer<geofences::GeofencesListResponse, geofences::GeofencesListError> {
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
    ) -> Answer<geofences::GeofencesCreateResponse, geofences::GeofencesCreateError> {
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
    ) -> Answer<geofences::GeofencesGetResponse, geofences::GeofencesGetError> {
        self.note(&request);
        if request.geofence_id == ID {
            Ok(geofences::GeofencesGetResponse {
                body: of(json!({"id": ID, "name": "it"})),
            })
        } else {
            Err(Problem::new(
                geofences::GeofencesGetError::NotFound,
                "There is none.",
            ))
        }
    }

    async fn geofences_update(
        &self,
        _: &(),
        request: geofences::GeofencesUpdateRequest,
    ) -> Answer<geofences::GeofencesUpdateResponse, geofences::GeofencesUpdateError> {
        self.note(&request);
        let mut value = serde_json::to_value(request.body.unwrap_or_default()).unwrap();
        value["id"] = json!(request.geofence_id);
        Ok(geofences::GeofencesUpdateResponse { body: of(value) })
    }

    async fn geofences_delete(
        &self,
        _: &(),
        request: geofences::GeofencesDeleteRequest,
    ) -> Answer<geofences::GeofencesDeleteResponse, geofences::GeofencesDeleteError> {
        self.note(&request);
        Ok(geofences::GeofencesDeleteResponse)
    }
}

impl AlertsHandlers<()> for Handlers {
    async fn alerts_list(
        &self,
        _: &(),
        request: alerts::AlertsListRequest,
    ) -> Answer<alerts::AlertsListResponse, alerts::AlertsListError> {
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
    ) -> Answer<alerts::AlertsCreateResponse, alerts::AlertsCreateError> {
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
    ) -> Answer<alerts::AlertsGetResponse, alerts::AlertsGetError> {
        self.note(&request);
        if request.alert_id == ID {
            Ok(alerts::AlertsGetResponse {
                body: of(json!({"id": ID, "name": "it"})),
            })
        } else {
            Err(Problem::new(
                alerts::AlertsGetError::NotFound,
                "There is none.",
            ))
        }
    }

    async fn alerts_update(
        &self,
        _: &(),
        request: alerts::AlertsUpdateRequest,
    ) -> Answer<alerts::AlertsUpdateResponse, alerts::AlertsUpdateError> {
        self.note(&request);
        let mut value = serde_json::to_value(request.body.unwrap_or_default()).unwrap();
        value["id"] = json!(request.alert_id);
        Ok(alerts::AlertsUpdateResponse { body: of(value) })
    }

    async fn alerts_delete(
        &self,
        _: &(),
        request: alerts::AlertsDeleteRequest,
    ) -> Answer<alerts::AlertsDeleteResponse, alerts::AlertsDeleteError> {
        self.note(&request);
        Ok(alerts::AlertsDeleteResponse)
    }
}

impl DevicesHandlers<()> for Handlers {
    async fn devices_list(
        &self,
        _: &(),
        request: devices::DevicesListRequest,
    ) -> Answer<devices::DevicesListResponse, devices::DevicesListError> {
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
    ) -> Answer<devices::DevicesCreateResponse, devices::DevicesCreateError> {
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
    ) -> Answer<devices::DevicesGetResponse, devices::DevicesGetError> {
        self.note(&request);
        if request.device_id == ID {
            Ok(devices::DevicesGetResponse {
                body: of(json!({"id": ID, "name": "it"})),
            })
        } else {
            Err(Problem::new(
                devices::DevicesGetError::NotFound,
                "There is none.",
            ))
        }
    }

    async fn devices_update(
        &self,
        _: &(),
        request: devices::DevicesUpdateRequest,
    ) -> Answer<devices::DevicesUpdateResponse, devices::DevicesUpdateError> {
        self.note(&request);
        let mut value = serde_json::to_value(request.body.unwrap_or_default()).unwrap();
        value["id"] = json!(request.device_id);
        Ok(devices::DevicesUpdateResponse { body: of(value) })
    }

    async fn devices_delete(
        &self,
        _: &(),
        request: devices::DevicesDeleteRequest,
    ) -> Answer<devices::DevicesDeleteResponse, devices::DevicesDeleteError> {
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
        missing.problem().map(|problem| problem.code.as_str()),
        Some("NOT_FOUND")
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
