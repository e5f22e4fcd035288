//! The generated client with the generated server, over HTTP: each reads what the other writes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::sync::{Arc, Mutex};

use axum::response::Response;
use crm_foreign_store::v2::client::Client;
use crm_foreign_store::v2::client::failures::*;
use crm_foreign_store::v2::server::{self, *};
use crm_foreign_store::v2::types;
use crm_runtime::client::{AnswerHeaders, FailureExt, RetryPolicy, Settings, reqwest};
use crm_runtime::server::{Gate, GateCode, Operation, Problem, RequestId, Served};
use http::request::Parts;
use serde_json::json;

/// Records the requests of handlers.
#[derive(Default)]
struct Handlers {
    asked: Mutex<Vec<String>>,
    returned: Mutex<Vec<types::Return>>,
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

async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

fn client_of(url: &str) -> Client {
    let settings = Settings::new(url).token("t").retry(RetryPolicy::none());
    Client::new(settings).unwrap()
}

struct Driven {
    handlers: Arc<Handlers>,
    url: String,
    client: Client,
}

impl Driven {
    async fn start() -> Driven {
        let handlers = Arc::new(Handlers::default());
        let router = server::router(Arc::clone(&handlers))
            .layer(axum::Extension(RequestId("r-1".into())))
            .layer(axum::Extension(Served::default()));
        let url = serve(router).await;
        let client = client_of(&url);
        Driven {
            handlers,
            url,
            client,
        }
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

impl ProductsHandlers<()> for Handlers {
    async fn list_products(
        &self,
        _: &(),
        request: products::ListProductsRequest,
    ) -> Result<products::ListProductsResponse, products::ListProductsFailure> {
        self.note(&request);
        let body = of(json!({"data": [{"id": 1, "name": "one", "updatedAt": null}], "total": 1}));
        Ok(products::ListProductsResponse {
            body,
            x_total_count: 1,
        })
    }

    async fn create_product(
        &self,
        _: &(),
        request: products::CreateProductRequest,
    ) -> Result<products::CreateProductResponse, products::CreateProductFailure> {
        self.note(&request);
        if request.body.name == "taken" {
            return Err(products::CreateProductConflict {
                body: of(json!({"error": "There is one."})),
            }
            .into());
        }
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(2);
        Ok(products::CreateProductResponse {
            body: of(value),
            location: Some("/products/2".into()),
        })
    }

    async fn get_product(
        &self,
        _: &(),
        request: products::GetProductRequest,
    ) -> Result<products::GetProductResponse, products::GetProductFailure> {
        self.note(&request);
        match request.product_id {
            404 => Err(products::GetProductNotFound {
                body: of(json!({"error": "There is none."})),
            }
            .into()),
            id => Ok(products::GetProductResponse {
                body: of(json!({"id": id, "name": "it"})),
            }),
        }
    }

    async fn replace_product(
        &self,
        _: &(),
        request: products::ReplaceProductRequest,
    ) -> Result<products::ReplaceProductResponse, products::ReplaceProductFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(request.product_id);
        Ok(products::ReplaceProductResponse { body: of(value) })
    }

    async fn delete_product(
        &self,
        _: &(),
        request: products::DeleteProductRequest,
    ) -> Result<products::DeleteProductResponse, products::DeleteProductFailure> {
        self.note(&request);
        Ok(products::DeleteProductResponse)
    }

    async fn get_photo(
        &self,
        _: &(),
        request: products::GetPhotoRequest,
    ) -> Answer<products::GetPhotoResponse, products::GetPhotoError> {
        self.note(&request);
        Ok(products::GetPhotoResponse {
            body: bytes::Bytes::from_static(b"png"),
        })
    }

    async fn put_photo(
        &self,
        _: &(),
        request: products::PutPhotoRequest,
    ) -> Answer<products::PutPhotoResponse, products::PutPhotoError> {
        self.note(&request);
        Ok(products::PutPhotoResponse)
    }
}

impl CustomersHandlers<()> for Handlers {
    async fn list_customers(
        &self,
        _: &(),
        request: customers::ListCustomersRequest,
    ) -> Result<customers::ListCustomersResponse, customers::ListCustomersFailure> {
        self.note(&request);
        let body = of(json!({"data": [{"id": 1, "name": "one", "updatedAt": null}], "total": 1}));
        Ok(customers::ListCustomersResponse {
            body,
            x_total_count: 1,
        })
    }

    async fn create_customer(
        &self,
        _: &(),
        request: customers::CreateCustomerRequest,
    ) -> Result<customers::CreateCustomerResponse, customers::CreateCustomerFailure> {
        self.note(&request);
        if request.body.name == "taken" {
            return Err(customers::CreateCustomerConflict {
                body: of(json!({"error": "There is one."})),
            }
            .into());
        }
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(2);
        Ok(customers::CreateCustomerResponse {
            body: of(value),
            location: Some("/customers/2".into()),
        })
    }

    async fn get_customer(
        &self,
        _: &(),
        request: customers::GetCustomerRequest,
    ) -> Result<customers::GetCustomerResponse, customers::GetCustomerFailure> {
        self.note(&request);
        match request.customer_id {
            500 => Err(Problem::new(customers::GetCustomerError::Internal, "It is broken.").into()),
            404 => Err(customers::GetCustomerNotFound {
                body: of(json!({"error": "There is none."})),
            }
            .into()),
            id => Ok(customers::GetCustomerResponse {
                body: of(json!({"id": id, "name": "it"})),
            }),
        }
    }

    async fn replace_customer(
        &self,
        _: &(),
        request: customers::ReplaceCustomerRequest,
    ) -> Result<customers::ReplaceCustomerResponse, customers::ReplaceCustomerFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(request.customer_id);
        Ok(customers::ReplaceCustomerResponse { body: of(value) })
    }

    async fn delete_customer(
        &self,
        _: &(),
        request: customers::DeleteCustomerRequest,
    ) -> Result<customers::DeleteCustomerResponse, customers::DeleteCustomerFailure> {
        self.note(&request);
        Ok(customers::DeleteCustomerResponse)
    }
}

impl OrdersHandlers<()> for Handlers {
    async fn list_orders(
        &self,
        _: &(),
        request: orders::ListOrdersRequest,
    ) -> Result<orders::ListOrdersResponse, orders::ListOrdersFailure> {
        self.note(&request);
        let body = of(json!({"data": [{"id": 1, "name": "one", "updatedAt": null}], "total": 1}));
        Ok(orders::ListOrdersResponse {
            body,
            x_total_count: 1,
        })
    }

    async fn create_order(
        &self,
        _: &(),
        request: orders::CreateOrderRequest,
    ) -> Result<orders::CreateOrderResponse, orders::CreateOrderFailure> {
        self.note(&request);
        if request.body.name == "taken" {
            return Err(orders::CreateOrderConflict {
                body: of(json!({"error": "There is one."})),
            }
            .into());
        }
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(2);
        Ok(orders::CreateOrderResponse {
            body: of(value),
            location: Some("/orders/2".into()),
        })
    }

    async fn get_order(
        &self,
        _: &(),
        request: orders::GetOrderRequest,
    ) -> Result<orders::GetOrderResponse, orders::GetOrderFailure> {
        self.note(&request);
        match request.order_id {
            404 => Err(orders::GetOrderNotFound {
                body: of(json!({"error": "There is none."})),
            }
            .into()),
            id => Ok(orders::GetOrderResponse {
                body: of(json!({"id": id, "name": "it"})),
            }),
        }
    }

    async fn replace_order(
        &self,
        _: &(),
        request: orders::ReplaceOrderRequest,
    ) -> Result<orders::ReplaceOrderResponse, orders::ReplaceOrderFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(request.order_id);
        Ok(orders::ReplaceOrderResponse { body: of(value) })
    }

    async fn delete_order(
        &self,
        _: &(),
        request: orders::DeleteOrderRequest,
    ) -> Result<orders::DeleteOrderResponse, orders::DeleteOrderFailure> {
        self.note(&request);
        Ok(orders::DeleteOrderResponse)
    }

    async fn pay_order(
        &self,
        _: &(),
        request: orders::PayOrderRequest,
    ) -> Result<orders::PayOrderResponse, orders::PayOrderFailure> {
        self.note(&request);
        Ok(match request.body {
            types::PaymentMethod::BankTransfer(transfer) if transfer.iban == "poor" => {
                let failure = orders::PayOrderPaymentRequired {
                    body: of(json!({"error": "Not enough.", "details": ["two are missing"]})),
                    x_missing: 2.5,
                };
                return Err(failure.into());
            }
            types::PaymentMethod::Card(_) => {
                let body =
                    of(json!({"receiptNumber": "r1", "paid": {"amount": 1.5, "currency": "EUR"}}));
                orders::PayOrderOk { body }.into()
            }
            _ => orders::PayOrderAccepted {
                body: of(json!({"checkAfter": 60})),
            }
            .into(),
        })
    }

    async fn return_order(
        &self,
        _: &(),
        request: orders::ReturnOrderRequest,
    ) -> Answer<orders::ReturnOrderResponse, orders::ReturnOrderError> {
        self.note(&request);
        self.returned.lock().unwrap().push(request.body);
        let body = of(json!({"receiptNumber": "r2", "paid": {"amount": 1.5, "currency": "EUR"}}));
        Ok(orders::ReturnOrderResponse { body })
    }

    async fn search_orders(
        &self,
        _: &(),
        request: orders::SearchOrdersRequest,
    ) -> Answer<orders::SearchOrdersResponse, orders::SearchOrdersError> {
        self.note(&request);
        Ok(orders::SearchOrdersResponse {
            body: vec![of(json!({"id": 7, "name": "seven", "status": "paid"}))],
        })
    }
}

impl SuppliersHandlers<()> for Handlers {
    async fn list_suppliers(
        &self,
        _: &(),
        request: suppliers::ListSuppliersRequest,
    ) -> Result<suppliers::ListSuppliersResponse, suppliers::ListSuppliersFailure> {
        self.note(&request);
        let body = of(json!({"data": [{"id": 1, "name": "one", "updatedAt": null}], "total": 1}));
        Ok(suppliers::ListSuppliersResponse {
            body,
            x_total_count: 1,
        })
    }

    async fn create_supplier(
        &self,
        _: &(),
        request: suppliers::CreateSupplierRequest,
    ) -> Result<suppliers::CreateSupplierResponse, suppliers::CreateSupplierFailure> {
        self.note(&request);
        if request.body.name == "later" {
            let failure = suppliers::CreateSupplierDefault {
                status: 503,
                body: of(json!({"error": "Later."})),
            };
            return Err(failure.into());
        }
        if request.body.name == "taken" {
            return Err(suppliers::CreateSupplierConflict {
                body: of(json!({"error": "There is one."})),
            }
            .into());
        }
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(2);
        Ok(suppliers::CreateSupplierResponse {
            body: of(value),
            location: Some("/suppliers/2".into()),
        })
    }

    async fn get_supplier(
        &self,
        _: &(),
        request: suppliers::GetSupplierRequest,
    ) -> Result<suppliers::GetSupplierResponse, suppliers::GetSupplierFailure> {
        self.note(&request);
        match request.supplier_id {
            404 => Err(suppliers::GetSupplierNotFound {
                body: of(json!({"error": "There is none."})),
            }
            .into()),
            id => Ok(suppliers::GetSupplierResponse {
                body: of(json!({"id": id, "name": "it"})),
            }),
        }
    }

    async fn replace_supplier(
        &self,
        _: &(),
        request: suppliers::ReplaceSupplierRequest,
    ) -> Result<suppliers::ReplaceSupplierResponse, suppliers::ReplaceSupplierFailure> {
        self.note(&request);
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(request.supplier_id);
        Ok(suppliers::ReplaceSupplierResponse { body: of(value) })
    }

    async fn delete_supplier(
        &self,
        _: &(),
        request: suppliers::DeleteSupplierRequest,
    ) -> Result<suppliers::DeleteSupplierResponse, suppliers::DeleteSupplierFailure> {
        self.note(&request);
        Ok(suppliers::DeleteSupplierResponse)
    }
}

impl StockKeepingHandlers<()> for Handlers {
    async fn list_warehouses(
        &self,
        _: &(),
        request: stock_keeping::ListWarehousesRequest,
    ) -> Result<stock_keeping::ListWarehousesResponse, stock_keeping::ListWarehousesFailure> {
        self.note(&request);
        let body = of(json!({"data": [{"id": 1, "name": "one", "updatedAt": null}], "total": 1}));
        Ok(stock_keeping::ListWarehousesResponse {
            body,
            x_total_count: 1,
        })
    }

    async fn create_warehouse(
        &self,
        _: &(),
        request: stock_keeping::CreateWarehouseRequest,
    ) -> Result<stock_keeping::CreateWarehouseResponse, stock_keeping::CreateWarehouseFailure> {
        self.note(&request);
        if request.body.name == "taken" {
            return Err(stock_keeping::CreateWarehouseConflict {
                body: of(json!({"error": "There is one."})),
            }
            .into());
        }
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(2);
        Ok(stock_keeping::CreateWarehouseResponse {
            body: of(value),
            location: Some("/stock_keeping/2".into()),
        })
    }

    async fn get_warehouse(
        &self,
        _: &(),
        request: stock_keeping::GetWarehouseRequest,
    ) -> Result<stock_keeping::GetWarehouseResponse, stock_keeping::GetWarehouseFailure> {
        self.note(&request);
        match request.warehouse_id {
            404 => Err(stock_keeping::GetWarehouseNotFound {
                body: of(json!({"error": "There is none."})),
            }
            .into()),
            id => Ok(stock_keeping::GetWarehouseResponse {
                body: of(json!({"id": id, "name": "it"})),
            }),
        }
    }

    async fn replace_warehouse(
        &self,
        _: &(),
        request: stock_keeping::ReplaceWarehouseRequest,
    ) -> Result<stock_keeping::ReplaceWarehouseResponse, stock_keeping::ReplaceWarehouseFailure>
    {
        self.note(&request);
        let mut value = serde_json::to_value(&request.body).unwrap();
        value["id"] = json!(request.warehouse_id);
        Ok(stock_keeping::ReplaceWarehouseResponse { body: of(value) })
    }

    async fn delete_warehouse(
        &self,
        _: &(),
        request: stock_keeping::DeleteWarehouseRequest,
    ) -> Result<stock_keeping::DeleteWarehouseResponse, stock_keeping::DeleteWarehouseFailure> {
        self.note(&request);
        Ok(stock_keeping::DeleteWarehouseResponse)
    }
}

impl LoginHandlers<()> for Handlers {
    async fn login(
        &self,
        _: &(),
        request: login::LoginRequest,
    ) -> Result<login::LoginResponse, login::LoginFailure> {
        self.note(&request);
        if request.body.user == "nobody" {
            return Err(login::LoginFailure::Unauthorized);
        }
        let token = format!("{}:{}", request.body.user, request.body.password);
        Ok(login::LoginResponse {
            body: of(json!({"token": token})),
        })
    }
}

impl NewsletterHandlers<()> for Handlers {
    async fn subscribe(
        &self,
        _: &(),
        request: newsletter::SubscribeRequest,
    ) -> Answer<newsletter::SubscribeResponse, newsletter::SubscribeError> {
        self.note(&request);
        Ok(newsletter::SubscribeResponse)
    }
}

impl StatusHandlers<()> for Handlers {
    async fn get_status(
        &self,
        _: &(),
        request: status::GetStatusRequest,
    ) -> Answer<status::GetStatusResponse, status::GetStatusError> {
        self.note(&request);
        Ok(status::GetStatusResponse {
            body: of(json!({"up": true})),
        })
    }
}

#[tokio::test]
async fn objects_in_the_query_arrive_property_by_property() {
    let driven = Driven::start().await;
    let page = driven
        .client
        .list_products()
        .per_page(5)
        .filter_name("bolt")
        .filter_min_id(3)
        .send()
        .await
        .unwrap();
    assert_eq!(page.data[0].id, 1);
    let asked = driven.asked();
    for part in [
        "page: 1,",
        "per_page: 5",
        "filter_name: Some(\"bolt\")",
        "filter_active: true",
        "filter_min_id: Some(3)",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    let refused = driven
        .client
        .list_orders()
        .per_page(101)
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused.status().map(|status| status.as_u16()), Some(400));
}

#[tokio::test]
async fn all_of_is_one_type() {
    let driven = Driven::start().await;
    let new: types::NewProduct =
        of(json!({"name": "bolt", "price": {"amount": 0.2, "currency": "EUR"}, "tags": ["m8"]}));
    let made = driven
        .client
        .create_product()
        .body(new.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(
        (made.id, made.name.as_str(), &made.price),
        (2, "bolt", &new.price)
    );
    let replaced = driven
        .client
        .replace_product()
        .product_id(9)
        .body(new)
        .send()
        .await
        .unwrap();
    assert_eq!(replaced.id, 9);
    driven
        .client
        .delete_warehouse()
        .warehouse_id(1)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn documented_failures_are_typed_by_status() {
    let driven = Driven::start().await;
    let client = &driven.client;
    let missing = client.get_customer().customer_id(404).send().await;
    let missing = missing.unwrap_err();
    assert_eq!(missing.status().map(|status| status.as_u16()), Some(404));
    assert!(
        matches!(missing.failure(), Some(GetCustomerFailure::NotFound(error)) if error.error.as_deref() == Some("There is none."))
    );
    let create = |name: &str| {
        let body: types::NewSupplier = of(json!({"name": name}));
        client.create_supplier().body(body).send()
    };
    let taken = create("taken").await.unwrap_err();
    assert!(matches!(
        taken.failure(),
        Some(CreateSupplierFailure::Conflict(_))
    ));
    let later = create("later").await.unwrap_err();
    assert_eq!(later.status().map(|status| status.as_u16()), Some(503));
    assert!(
        matches!(later.failure(), Some(CreateSupplierFailure::Default(error)) if error.error.as_deref() == Some("Later."))
    );
}

#[tokio::test]
async fn failures_carry_headers_or_nothing() {
    let driven = Driven::start().await;
    let poor: types::PaymentMethod = of(json!({"type": "transfer", "iban": "poor"}));
    let call = driven.client.pay_order().order_id(7).body(poor).send();
    let poor = call.await.unwrap_err();
    assert_eq!(poor.header("x-missing"), Some("2.5"));
    assert!(
        matches!(poor.failure(), Some(PayOrderFailure::PaymentRequired(error)) if error.details.as_ref().unwrap().len() == 1)
    );
    let nobody: types::LoginBody = of(json!({"user": "nobody", "password": ""}));
    let out = driven.client.login().body(nobody).send().await.unwrap_err();
    assert_eq!(out.header("www-authenticate"), Some("Bearer"));
    assert!(matches!(out.failure(), Some(LoginFailure::Unauthorized(body)) if body.is_empty()));
}

#[tokio::test]
async fn what_the_server_refuses_by_itself_is_a_problem() {
    let driven = Driven::start().await;
    let call = driven.client.list_customers().per_page(101).send();
    let refused = call.await.unwrap_err();
    assert!(
        matches!(refused.failure(), Some(ListCustomersFailure::Problem(problem)) if problem.code == "VALIDATION_FAILED")
    );
    let call = driven.client.get_customer().customer_id(500).send();
    let broken = call.await.unwrap_err();
    assert!(
        matches!(broken.failure(), Some(GetCustomerFailure::Problem(problem)) if problem.code == "INTERNAL")
    );
}

#[tokio::test]
async fn what_is_not_documented_arrives_as_it_came() {
    let other = |status: u16, body: &'static str| async move {
        let status = http::StatusCode::from_u16(status).unwrap();
        let router = axum::Router::new().fallback(move || async move { (status, body) });
        let client = client_of(&serve(router).await);
        client
            .get_customer()
            .customer_id(1)
            .send()
            .await
            .unwrap_err()
    };
    for (status, body) in [(418, "short and stout"), (404, "<p>None</p>"), (404, "[1]")] {
        let answer = other(status, body).await;
        assert_eq!(answer.status().map(|status| status.as_u16()), Some(status));
        assert!(
            matches!(answer.failure(), Some(GetCustomerFailure::Other(bytes)) if bytes == body),
            "{body}"
        );
    }
}

#[tokio::test]
async fn each_of_several_successes_is_read() {
    let driven = Driven::start().await;
    let card: types::PaymentMethod = of(json!({"type": "card", "number": "4111111111111111"}));
    let paid = driven
        .client
        .pay_order()
        .order_id(7)
        .body(card)
        .send()
        .await
        .unwrap();
    assert_eq!(paid.status().as_u16(), 200);
    assert!(
        matches!(paid.into_inner(), types::PayOrderAnswer::Receipt(receipt) if receipt.receipt_number == "r1")
    );
    let transfer: types::PaymentMethod = of(json!({"type": "transfer", "iban": "DE00"}));
    let pending = driven
        .client
        .pay_order()
        .order_id(7)
        .body(transfer)
        .send()
        .await
        .unwrap();
    assert_eq!(pending.status().as_u16(), 202);
    assert!(
        matches!(pending.into_inner(), types::PayOrderAnswer::PendingPayment(later) if later.check_after == 60)
    );
}

#[tokio::test]
async fn what_is_no_json_arrives_as_bytes() {
    let driven = Driven::start().await;
    driven
        .client
        .subscribe()
        .body(b"email=a&address=b".to_vec())
        .send()
        .await
        .unwrap();
    assert!(driven.asked().contains("email=a&address=b"));
    driven
        .client
        .put_photo()
        .product_id(1)
        .body(b"png".to_vec())
        .send()
        .await
        .unwrap();
    assert!(driven.asked().contains("png"));
    let found = driven
        .client
        .search_orders()
        .q("seven")
        .send()
        .await
        .unwrap();
    assert_eq!(found[0].status, Some(types::OrderStatus::Paid));
    let status = driven.client.get_status().send().await.unwrap();
    assert_eq!(status.up, Some(true));
}

#[tokio::test]
async fn forms_are_typed_on_both_sides() {
    let driven = Driven::start().await;
    let login: types::LoginBody = of(json!({"user": "a&b", "password": "c d"}));
    let token = driven.client.login().body(login).send().await.unwrap();
    assert_eq!(token.token, "a&b:c d");
    let whole: types::Return = of(json!({
        "reason": "late", "items": [1, 2], "notes": ["x, y", "z"], "express": true,
        "refund": {"amount": 1.5, "currency": "EUR"}, "pickup": {"city": "Ulm", "floor": 2},
    }));
    let least: types::Return = of(json!({"reason": "other", "items": [3], "notes": []}));
    for sent in [whole, least] {
        let call = driven.client.return_order().order_id(7).body(sent.clone());
        call.send().await.unwrap();
        assert_eq!(driven.handlers.returned.lock().unwrap().pop(), Some(sent));
    }
}

/// The failures of a raw form: places and rules.
async fn refused(driven: &Driven, form: &str) -> Vec<(String, String)> {
    let answer = reqwest::Client::new()
        .post(format!("{}/orders/7/returns", driven.url))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.to_owned())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 400, "{form}");
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "VALIDATION_FAILED");
    let errors = problem["context"]["errors"].as_array().unwrap().iter();
    let text = |error: &serde_json::Value, key: &str| error[key].as_str().unwrap().to_owned();
    errors
        .map(|error| (text(error, "pointer"), text(error, "rule")))
        .collect()
}

#[tokio::test]
async fn what_is_wrong_with_a_form_is_told_with_its_place() {
    let driven = Driven::start().await;
    for (form, pointer, rule) in [
        ("reason=late", "/body/items", "required"),
        ("reason=never&items=1", "/body/reason", "enum"),
        ("reason=late&items=1,x", "/body/items/1", "type"),
        ("reason=late&items=0", "/body/items/0", "minimum"),
        ("reason=late&items=", "/body/items", "min_items"),
        ("reason=late&items=1&items=2", "/body/items", "repeated"),
        (
            "reason=late&items=1&reason=late",
            "/body/reason",
            "repeated",
        ),
        (
            "reason=late&items=1&more=1",
            "/body/more",
            "unknown_property",
        ),
        (
            "reason=late&items=1&notes=ok&notes=much%20longer%20than%20it%20may%20be",
            "/body/notes/1",
            "max_length",
        ),
        ("reason=late&items=1&express=yes", "/body/express", "type"),
        (
            "reason=late&items=1&pickup[floor]=1",
            "/body/pickup/city",
            "required",
        ),
        (
            "reason=late&items=1&refund=%7B%22amount%22%3A0%7D",
            "/body/refund/amount",
            "exclusive_minimum",
        ),
        ("reason=%FF&items=1", "/body/reason", "encoding"),
    ] {
        let found = refused(&driven, form).await;
        assert!(
            found.contains(&(pointer.to_owned(), rule.to_owned())),
            "{form}: {found:?}"
        );
    }
    let all = refused(&driven, "reason=never&items=0&more=1").await;
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(driven.handlers.returned.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_form_is_taken_as_no_other_media_type() {
    let driven = Driven::start().await;
    let answer = reqwest::Client::new()
        .post(format!("{}/login", driven.url))
        .json(&json!({"user": "a", "password": "b"}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 415);
}
