//! Work orders: made, changed, scheduled, deleted.

use kernel::event::{Extra, Fact, WorkOrder, WorkOrderChanged};

use super::dictionary;
use super::fields::{Message, Reader, members};
use super::json::Parsed;
use super::production;

pub(super) fn reader(name: &str) -> Option<Reader> {
    Some(match name {
        "CFX.InformationSystem.WorkOrderManagement.WorkOrdersCreated"
        | "CFX.InformationSystem.WorkOrderManagement.WorkOrdersUpdated" => changed,
        "CFX.InformationSystem.WorkOrderManagement.WorkOrdersDeleted" => deleted,
        "CFX.InformationSystem.WorkOrderManagement.WorkOrderStatusUpdated" => status_updated,
        "CFX.InformationSystem.ProductionScheduling.WorkOrdersScheduled" => scheduled,
        "CFX.InformationSystem.ProductionScheduling.WorkOrdersUnscheduled" => unscheduled,
        _ => return None,
    })
}

fn changed(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = WorkOrderChanged::default();
    members!(message, key, fact.extra, {
        "NewOrders" => fact.orders = message.list(|message| order(message, ""))?,
        "UpdatedOrders" => fact.orders = message.list(|message| order(message, ""))?,
    });
    Ok(Some(fact.into()))
}

fn deleted(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = WorkOrderChanged::default();
    members!(message, key, fact.extra, {
        "WorkOrderIdentifiers" => fact.orders = message.list(|message| {
            Ok(WorkOrder { order: production::order(message)?, status: "Deleted".to_owned(), ..WorkOrder::default() })
        })?,
    });
    Ok(Some(fact.into()))
}

fn status_updated(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut order = WorkOrder::default();
    let mut extra = Extra::new();
    members!(message, key, extra, {
        "WorkOrderIdentifier" => order.order = production::order(message)?,
        "NewStatus" => order.status = message.word(dictionary::WORK_ORDER_STATUS)?,
    });
    Ok(Some(WorkOrderChanged { orders: vec![order], extra }.into()))
}

fn scheduled(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = WorkOrderChanged::default();
    members!(message, key, fact.extra, {
        "ScheduledWorkOrders" => fact.orders = message.list(|message| order(message, "Scheduled"))?,
    });
    Ok(Some(fact.into()))
}

fn unscheduled(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = WorkOrderChanged::default();
    members!(message, key, fact.extra, {
        "ScheduledWorkOrderIdentifiers" => fact.orders = message.list(|message| order(message, "Unscheduled"))?,
    });
    Ok(Some(fact.into()))
}

/// An order; `status` is what the message's name says of it.
fn order(message: &mut Message<'_, '_>, status: &str) -> Parsed<WorkOrder> {
    let mut order = WorkOrder { status: status.to_owned(), ..WorkOrder::default() };
    members!(message, key, order.extra, {
        "WorkOrderIdentifier" => order.order = production::order(message)?,
        "PartNumber" => order.product = message.text()?,
        "PartRevision" => order.revision = message.text()?,
        "Quantity" => order.quantity = message.digits(&mut order.extra, &key)?,
        "Status" => order.status = message.word(dictionary::WORK_ORDER_STATUS)?,
        "Customer" => order.customer = message.text()?,
        "LotNumber" => order.lot = message.text()?,
    });
    Ok(order)
}
