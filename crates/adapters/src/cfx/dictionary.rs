//! Names of the standard: its messages, and the words of the enumerations that events hold.
//!
//! Taken from IPC-CFX SDK 2.1; a test holds it against the extracted dictionary. Enumerations come as words or as numbers: a number is the place
//! in the list, or the code beside the word.

use std::borrow::Cow;

/// The messages of CFX 2.1, sorted.
pub const MESSAGES: &[&str] = &[
    "CFX.AreYouThereRequest",
    "CFX.AreYouThereResponse",
    "CFX.EndpointConnected",
    "CFX.EndpointShuttingDown",
    "CFX.GetEndpointInformationRequest",
    "CFX.GetEndpointInformationResponse",
    "CFX.Heartbeat",
    "CFX.InformationSystem.DataTransfer.FileTransferRequest",
    "CFX.InformationSystem.DataTransfer.FileTransferResponse",
    "CFX.InformationSystem.OperatorValidation.ValidateOperatorRequest",
    "CFX.InformationSystem.OperatorValidation.ValidateOperatorResponse",
    "CFX.InformationSystem.ProductionScheduling.WorkOrdersScheduled",
    "CFX.InformationSystem.ProductionScheduling.WorkOrdersUnscheduled",
    "CFX.InformationSystem.TopicValidation.ValidateTopicRequest",
    "CFX.InformationSystem.TopicValidation.ValidateTopicResponse",
    "CFX.InformationSystem.UnitValidation.ValidateUnitsRequest",
    "CFX.InformationSystem.UnitValidation.ValidateUnitsResponse",
    "CFX.InformationSystem.WorkOrderManagement.WorkOrderQuantityUpdated",
    "CFX.InformationSystem.WorkOrderManagement.WorkOrderStatusUpdated",
    "CFX.InformationSystem.WorkOrderManagement.WorkOrdersCreated",
    "CFX.InformationSystem.WorkOrderManagement.WorkOrdersDeleted",
    "CFX.InformationSystem.WorkOrderManagement.WorkOrdersUpdated",
    "CFX.Maintenance.GetResourceInformationRequest",
    "CFX.Maintenance.GetResourceInformationResponse",
    "CFX.Maintenance.GetResourceMaintenanceAndServiceRequest",
    "CFX.Maintenance.GetResourceMaintenanceAndServiceResponse",
    "CFX.Maintenance.GetResourceMaintenanceStatusRequest",
    "CFX.Maintenance.GetResourceMaintenanceStatusResponse",
    "CFX.Maintenance.GetResourceSetupRequest",
    "CFX.Maintenance.GetResourceSetupResponse",
    "CFX.Maintenance.ResourceInformationEvent",
    "CFX.Maintenance.ResourceMaintenanceAndServiceEvent",
    "CFX.Maintenance.ResourceMaintenanceStatusEvent",
    "CFX.Maintenance.ResourceSetupEvent",
    "CFX.Materials.Management.BlockMaterialsRequest",
    "CFX.Materials.Management.BlockMaterialsResponse",
    "CFX.Materials.Management.GetMaterialInformationRequest",
    "CFX.Materials.Management.GetMaterialInformationResponse",
    "CFX.Materials.Management.MSDManagement.MaterialsExpired",
    "CFX.Materials.Management.MSDManagement.MaterialsOpened",
    "CFX.Materials.Management.MSDManagement.MaterialsPlacedInDryStorage",
    "CFX.Materials.Management.MSDManagement.MaterialsRemovedFromDryStorage",
    "CFX.Materials.Management.MSDManagement.MaterialsRestored",
    "CFX.Materials.Management.MaterialsChainSplit",
    "CFX.Materials.Management.MaterialsConsumed",
    "CFX.Materials.Management.MaterialsInitialized",
    "CFX.Materials.Management.MaterialsJoined",
    "CFX.Materials.Management.MaterialsModified",
    "CFX.Materials.Management.MaterialsRetired",
    "CFX.Materials.Management.MaterialsSplit",
    "CFX.Materials.Management.UnblockMaterialsRequest",
    "CFX.Materials.Management.UnblockMaterialsResponse",
    "CFX.Materials.Storage.GetLoadedMaterialsRequest",
    "CFX.Materials.Storage.GetLoadedMaterialsResponse",
    "CFX.Materials.Storage.MaterialCarriersLoaded",
    "CFX.Materials.Storage.MaterialCarriersUnloaded",
    "CFX.Materials.Storage.MaterialsEmpty",
    "CFX.Materials.Storage.MaterialsLoaded",
    "CFX.Materials.Storage.MaterialsUnloaded",
    "CFX.Materials.Storage.SplicePointDetected",
    "CFX.Materials.Storage.ValidateStationSetupRequest",
    "CFX.Materials.Storage.ValidateStationSetupResponse",
    "CFX.Materials.Transport.CheckpointReached",
    "CFX.Materials.Transport.CreateTransportOrderRequest",
    "CFX.Materials.Transport.CreateTransportOrderResponse",
    "CFX.Materials.Transport.GetTransportOrderStatusRequest",
    "CFX.Materials.Transport.GetTransportOrderStatusResponse",
    "CFX.Materials.Transport.StartTransferRequest",
    "CFX.Materials.Transport.StartTransferResponse",
    "CFX.Materials.Transport.TransportOrderCompleted",
    "CFX.Materials.Transport.TransportOrderStarted",
    "CFX.Materials.Transport.TransportOrderStatusChanged",
    "CFX.NotSupportedResponse",
    "CFX.Production.ActivateRecipeRequest",
    "CFX.Production.ActivateRecipeResponse",
    "CFX.Production.ActivitiesExecuted",
    "CFX.Production.Application.MaterialsApplied",
    "CFX.Production.Application.MaterialsUnapplied",
    "CFX.Production.Application.Solder.PCBSelectiveSoldered",
    "CFX.Production.Assembly.MaterialsInstalled",
    "CFX.Production.Assembly.MaterialsUninstalled",
    "CFX.Production.Assembly.PressInsertion.ConditionCompleted",
    "CFX.Production.Assembly.PressInsertion.GetConditionPermissionRequest",
    "CFX.Production.Assembly.PressInsertion.GetConditionPermissionResponse",
    "CFX.Production.Assembly.UnitsPersonalized",
    "CFX.Production.BlockMaterialLocationsRequest",
    "CFX.Production.BlockMaterialLocationsResponse",
    "CFX.Production.GetActiveRecipeRequest",
    "CFX.Production.GetActiveRecipeResponse",
    "CFX.Production.GetAvailableRecipesRequest",
    "CFX.Production.GetAvailableRecipesResponse",
    "CFX.Production.GetRecipeRequest",
    "CFX.Production.GetRecipeResponse",
    "CFX.Production.GetRequiredSetupRequest",
    "CFX.Production.GetRequiredSetupResponse",
    "CFX.Production.GetUnitInfoRequest",
    "CFX.Production.GetUnitInfoResponse",
    "CFX.Production.Hermes.GetMagazineDataRequest",
    "CFX.Production.Hermes.GetMagazineDataResponse",
    "CFX.Production.Hermes.GetWorkOrderDataRequest",
    "CFX.Production.Hermes.GetWorkOrderDataResponse",
    "CFX.Production.Hermes.MagazineArrived",
    "CFX.Production.Hermes.MagazineDeparted",
    "CFX.Production.LoadingAndUnloading.UnitsLoaded",
    "CFX.Production.LoadingAndUnloading.UnitsUnloaded",
    "CFX.Production.LocalRecipeChanged",
    "CFX.Production.LockStationRequest",
    "CFX.Production.LockStationResponse",
    "CFX.Production.OperatorActivated",
    "CFX.Production.OperatorDeactivated",
    "CFX.Production.Processing.UnitsProcessed",
    "CFX.Production.ReadingsRecorded",
    "CFX.Production.RecipeActivated",
    "CFX.Production.RecipeDeactivated",
    "CFX.Production.RecipeModified",
    "CFX.Production.ReworkAndRepair.UnitsRepaired",
    "CFX.Production.SetupRequirementsChanged",
    "CFX.Production.TestAndInspection.GetInspectionInfoRequest",
    "CFX.Production.TestAndInspection.GetInspectionInfoResponse",
    "CFX.Production.TestAndInspection.UnitsInspected",
    "CFX.Production.TestAndInspection.UnitsTested",
    "CFX.Production.ToolsCleaned",
    "CFX.Production.ToolsLoaded",
    "CFX.Production.ToolsUnloaded",
    "CFX.Production.ToolsUsed",
    "CFX.Production.UnblockMaterialLocationsRequest",
    "CFX.Production.UnblockMaterialLocationsResponse",
    "CFX.Production.UnitsArrived",
    "CFX.Production.UnitsDeparted",
    "CFX.Production.UnitsDisqualified",
    "CFX.Production.UnitsInitialized",
    "CFX.Production.UnlockStationRequest",
    "CFX.Production.UnlockStationResponse",
    "CFX.Production.UpdateRecipeRequest",
    "CFX.Production.UpdateRecipeResponse",
    "CFX.Production.WorkCompleted",
    "CFX.Production.WorkOrderActionExecuted",
    "CFX.Production.WorkStageCompleted",
    "CFX.Production.WorkStagePaused",
    "CFX.Production.WorkStageResumed",
    "CFX.Production.WorkStageStarted",
    "CFX.Production.WorkStarted",
    "CFX.ResourcePerformance.CalibrationPerformed",
    "CFX.ResourcePerformance.ChangeSleepStateRequest",
    "CFX.ResourcePerformance.ChangeSleepStateResponse",
    "CFX.ResourcePerformance.EnergyConsumed",
    "CFX.ResourcePerformance.EnergyConsumptionRequest",
    "CFX.ResourcePerformance.EnergyConsumptionResponse",
    "CFX.ResourcePerformance.FaultAcknowledged",
    "CFX.ResourcePerformance.FaultCleared",
    "CFX.ResourcePerformance.FaultOccurred",
    "CFX.ResourcePerformance.GetActiveFaultsRequest",
    "CFX.ResourcePerformance.GetActiveFaultsResponse",
    "CFX.ResourcePerformance.HandleFaultRequest",
    "CFX.ResourcePerformance.HandleFaultResponse",
    "CFX.ResourcePerformance.LogEntryRecorded",
    "CFX.ResourcePerformance.MaintenancePerformed",
    "CFX.ResourcePerformance.ModifyStationParametersRequest",
    "CFX.ResourcePerformance.ModifyStationParametersResponse",
    "CFX.ResourcePerformance.PressInsertion.ComponentsPressed",
    "CFX.ResourcePerformance.ProcessDataRecorded",
    "CFX.ResourcePerformance.SMTPlacement.ComponentsPlaced",
    "CFX.ResourcePerformance.SleepStateChanged",
    "CFX.ResourcePerformance.SolderPastePrinting.CleanSqueegeeRequest",
    "CFX.ResourcePerformance.SolderPastePrinting.CleanSqueegeeResponse",
    "CFX.ResourcePerformance.SolderPastePrinting.CleanStencilRequest",
    "CFX.ResourcePerformance.SolderPastePrinting.CleanStencilResponse",
    "CFX.ResourcePerformance.SolderPastePrinting.SqueegeeCleaned",
    "CFX.ResourcePerformance.SolderPastePrinting.StencilCleaned",
    "CFX.ResourcePerformance.StageStateChanged",
    "CFX.ResourcePerformance.StationOffline",
    "CFX.ResourcePerformance.StationOnline",
    "CFX.ResourcePerformance.StationParametersModified",
    "CFX.ResourcePerformance.StationStateChanged",
    "CFX.ResourcePerformance.THTInsertion.ComponentsInserted",
    "CFX.ResourcePerformance.ToolChanged",
    "CFX.Sensor.Identification.IdentifiersNotRead",
    "CFX.Sensor.Identification.IdentifiersRead",
    "CFX.Sensor.Identification.IdentifyUnitsRequest",
    "CFX.Sensor.Identification.IdentifyUnitsResponse",
    "CFX.WhoIsThereRequest",
    "CFX.WhoIsThereResponse",
];

/// Whether the standard knows a message of this name.
#[must_use]
pub fn is_known(name: &str) -> bool {
    MESSAGES.binary_search(&name).is_ok()
}

/// The standard's spelling of a message's name, whatever the casing. `None` for a name that it does not know.
pub(crate) fn spelling(name: &str) -> Option<&'static str> {
    if let Ok(at) = MESSAGES.binary_search(&name) {
        return Some(MESSAGES[at]);
    }
    MESSAGES.iter().find(|known| known.eq_ignore_ascii_case(name)).copied()
}

/// Members of the messages and structures that are read, in lower case: where they are null nothing is said.
const MEMBERS: &[&str] = &[
    "a",
    "accesstype",
    "actualvalue",
    "appliedmaterials",
    "ar",
    "axis",
    "badmark",
    "basename",
    "basethickness",
    "baseuniqueidentifier",
    "batch",
    "batchid",
    "batchmaterialpackage",
    "calibration",
    "carrierinformation",
    "carrierlocation",
    "cause",
    "cellcountx",
    "cellcounty",
    "celldimensionx",
    "celldimensiony",
    "cellnumberx",
    "cellnumbery",
    "cellpitchx",
    "cellpitchy",
    "characteristics",
    "cleaningstate",
    "cleaningsteps",
    "coatingnozzletype",
    "comments",
    "commonprocessdata",
    "componentofinterest",
    "components",
    "confidencelevel",
    "connectorimage",
    "connectortool",
    "consumedmaterials",
    "crds",
    "created",
    "createddate",
    "customer",
    "cyclesequence",
    "cyclessincelastclean",
    "daterequired",
    "defectcategory",
    "defectcode",
    "defectimages",
    "defectsfound",
    "department",
    "dependson",
    "depletedmaterial",
    "description",
    "descriptiontranslations",
    "designator",
    "duedatetime",
    "dx",
    "dy",
    "dz",
    "ea",
    "electricaltest",
    "emptymaterials",
    "endtime",
    "error",
    "evol",
    "ex",
    "expectedcycletime",
    "expectedunitsperworktransaction",
    "expectedvalue",
    "expectedvalueunits",
    "expectedworktime",
    "expirydate",
    "ey",
    "ez",
    "fault",
    "faultcode",
    "faultoccurrenceid",
    "fiducialcount",
    "fiducials",
    "flatrocktooling",
    "flipx",
    "flipy",
    "fluidpressure",
    "forces",
    "greyzone",
    "group",
    "hazardousmaterialtype",
    "headandnozzle",
    "headid",
    "headnozzlenumber",
    "hermesidentifier",
    "image",
    "initialquantity",
    "insertionfaulttype",
    "inspectedpanel",
    "inspectedunits",
    "inspectionendtime",
    "inspectionmethod",
    "inspectionname",
    "inspections",
    "inspectionstarttime",
    "inspector",
    "installationsequence",
    "installationtime",
    "installedcomponents",
    "installedmaterials",
    "installedunitidentifier",
    "internalidentifier",
    "internalpackagename",
    "internalpartnumber",
    "lane",
    "lanenumber",
    "leadingmaterialpackage",
    "loadedfromholder",
    "location",
    "locationidentifier",
    "locationname",
    "lotnumber",
    "maintenancejobcode",
    "maintenanceordernumber",
    "maintenancetype",
    "manufacturedate",
    "manufacturer",
    "manufacturerdata",
    "manufacturerlotcode",
    "manufacturerpartnumber",
    "material",
    "materialdata",
    "materiallocation",
    "materialpackage",
    "materialpackageidentifiers",
    "materials",
    "maxacceptablevalue",
    "maximumacceptablevalue",
    "maximumacceptablevalueunits",
    "measuredvalue",
    "measurementname",
    "measurements",
    "measurementtype",
    "message",
    "messagebody",
    "messagename",
    "minacceptablevalue",
    "minimumacceptablevalue",
    "minimumacceptablevalueunits",
    "modifiedparameters",
    "name",
    "newe58state",
    "newlyactivematerial",
    "newmaterialpackageidentifier",
    "newmaterialpackagequantity",
    "neworders",
    "newstate",
    "newstatus",
    "newtool",
    "noninstallationtime",
    "noninstalledcomponents",
    "nozzletype",
    "nozzlewidth",
    "numberofcomponentsperunit",
    "numberoftriesbeforeerror",
    "occurredat",
    "offlineduration",
    "olde58state",
    "oldstate",
    "oldstateduration",
    "oldtool",
    "operator",
    "overallresult",
    "packaginginfo",
    "parentcarrier",
    "parssetting",
    "partnumber",
    "partprice",
    "partpriceunit",
    "partrevision",
    "pausereason",
    "pcbvariant",
    "performanceimpacts",
    "personalizedunits",
    "pickingsequence",
    "pickingtime",
    "pincount",
    "pitch",
    "placementfaulttype",
    "position",
    "positionname",
    "positionnumber",
    "previousstatus",
    "primaryidentifier",
    "printingfaulttype",
    "priority",
    "profileapplied",
    "programstep",
    "px",
    "py",
    "quantity",
    "quantityapplied",
    "quantityinstalled",
    "quantitynoninstalled",
    "quantityspoiled",
    "quantityuninstalled",
    "quantityused",
    "reason",
    "receiveddate",
    "recipename",
    "reciperevision",
    "recipestagesinformation",
    "reclassifieddefects",
    "reclassifiedsymptoms",
    "recognizedstrokedirection",
    "referencedesignator",
    "referencepartnumber",
    "reflowovenfaulttype",
    "reflowzonetype",
    "refno",
    "regionofinterest",
    "rejectionboxid",
    "rejectioncomment",
    "rejectiondetails",
    "rejectionreason",
    "relateddefectidentifiers",
    "relatedfault",
    "relatedmeasurements",
    "relatedsymptomidentifiers",
    "relatedsymptoms",
    "relevantsurface",
    "remainingmaterialpackage",
    "remainingquantity",
    "repairedunits",
    "repairendtime",
    "repairname",
    "repairoperator",
    "repairs",
    "repairstarttime",
    "requestid",
    "reservedmaterials",
    "reservedoperators",
    "reservedresources",
    "reservedtools",
    "resourcelocation",
    "result",
    "resultcode",
    "returnedtoholder",
    "revision",
    "rotation",
    "router",
    "routerrevision",
    "rxy",
    "rzx",
    "rzy",
    "samplinginformation",
    "scheduledworkorderidentifiers",
    "scheduledworkorders",
    "scheduler",
    "seatedheight",
    "sequence",
    "severity",
    "sidelocation",
    "source",
    "sourcematerialpackageidentifier",
    "sourcematerialpackageremainingquantity",
    "spcsetting",
    "splittedmaterialpackage",
    "squeegee",
    "squeegeecleancycles",
    "squeegeecleantime",
    "squeegeecleantype",
    "stage",
    "stagename",
    "stagesequence",
    "stagetype",
    "startdate",
    "starttime",
    "status",
    "stencil",
    "stencilcleancycles",
    "stencilcleanmode",
    "stencilcleantime",
    "stretch",
    "symptoms",
    "symptomsfound",
    "tapepitch",
    "tapewidth",
    "target",
    "targetquantity",
    "tasks",
    "testconditions",
    "testedunits",
    "testendtime",
    "tester",
    "testmethod",
    "testname",
    "testprocedure",
    "tests",
    "teststarttime",
    "thickness",
    "timerecorded",
    "timesincelastclean",
    "timestamp",
    "tool",
    "toolclearancedimension",
    "tooldimensionx",
    "tooldimensiony",
    "tooldimensionz",
    "tools",
    "totalinspectioncount",
    "trailingmaterialpackage",
    "transactionid",
    "unappliedmaterials",
    "uninstalledcomponents",
    "uninstalledmaterials",
    "uniqueid",
    "uniqueidentifier",
    "unitcount",
    "unitidentifier",
    "unitofmeasure",
    "unitposition",
    "unitpositionnumber",
    "unitprocessdata",
    "unitresult",
    "units",
    "unseatedtop",
    "updatedorders",
    "usagecycles",
    "usedtools",
    "value",
    "valueunits",
    "vendor",
    "vendorpartnumber",
    "verification",
    "verificationdetail",
    "version",
    "vertices",
    "vol",
    "width",
    "workarea",
    "workorderid",
    "workorderidentifier",
    "workorderidentifiers",
    "x",
    "y",
    "z",
];

/// Whether the standard has a member of this name in what is read.
pub(crate) fn is_member(name: &str) -> bool {
    MEMBERS.binary_search_by(|member| member.bytes().cmp(name.bytes().map(|byte| byte.to_ascii_lowercase()))).is_ok()
}

/// The words of an enumeration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// Its name in the standard, for tests.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests look the enumeration up in the dictionary"))]
    pub(crate) name: &'static str,
    /// Codes and words.
    pub(crate) words: &'static [(u32, &'static str)],
}

impl Words {
    /// The standard's word for a word or a number as sent; what is unknown stays as sent.
    pub(crate) fn word<'a>(&self, sent: Cow<'a, str>) -> Cow<'a, str> {
        let known = match sent.parse::<u32>() {
            Ok(number) => self.words.iter().find(|(code, _)| *code == number),
            Err(_) => self.words.iter().find(|(_, word)| word.eq_ignore_ascii_case(&sent)),
        };
        known.map_or(sent, |(_, word)| Cow::Borrowed(word))
    }
}

macro_rules! words {
    ($($constant:ident = $name:literal { $($code:literal $word:literal),+ $(,)? })+) => {
        $(pub(crate) const $constant: Words = Words { name: $name, words: &[$(($code, $word)),+] };)+

        /// All enumerations above.
        #[cfg(test)]
        const ALL: &[Words] = &[$($constant),+];
    };
}

words! {
    UNIT_STATUS = "CFX.Structures.UnitStatus" { 0 "Pass", 1 "Fail", 2 "Scrap", 3 "Skip" }
    STAGE_TYPE = "CFX.Structures.StageType" { 0 "Work", 1 "Buffer" }
    WORK_RESULT = "CFX.Structures.WorkResult" { 0 "Completed", 1 "Failed", 2 "Aborted", 3 "Skipped" }
    SURFACE = "CFX.Structures.Surface" { 0 "Unspecified", 1 "PrimarySurface", 2 "SecondarySurface" }
    PROCESSING_RESULT = "CFX.Structures.ProcessingResult" { 0 "Succeeded", 1 "Failed", 2 "Error", 3 "Aborted", 4 "Skipped" }
    INSPECTION_METHOD = "CFX.Structures.InspectionMethod" { 0 "Human", 1 "AOI", 2 "SPI", 3 "AXI" }
    TEST_METHOD = "CFX.Structures.TestMethod" { 0 "Human", 1 "Automated", 2 "ICT", 3 "FPT", 4 "FCT", 5 "BST" }
    TEST_RESULT = "CFX.Structures.TestResult" { 0 "Passed", 1 "Failed", 2 "Error", 3 "Aborted", 4 "Skipped" }
    VERIFICATION_RESULT = "CFX.Structures.VerificationResult" { 0 "NotVerifiedYet", 1 "DefectConfirmed", 2 "DefectRejected", 3 "DefectAccepted", 4 "DefectRepaired", 5 "DefectClosed" }
    REPAIR_RESULT = "CFX.Structures.RepairResult" { 0 "RepairSuccessful", 1 "UnableToRepair", 2 "Scrap", 3 "Error", 4 "Aborted" }
    DISQUALIFICATION_REASON = "CFX.Structures.DisqualificationReason" { 0 "DefectiveRepairNotPossible", 1 "DefectiveRepairNotFeasible", 2 "DefectiveMaterials" }
    UNINSTALLED_REASON = "CFX.Structures.UninstalledReason" { 0 "DefectiveMaterial", 1 "DefectiveInstallation", 2 "IncorrectMaterial", 3 "Other" }
    MATERIAL_STATUS = "CFX.Structures.MaterialStatus" { 0 "Active", 1 "Blocked", 2 "Depleted" }
    MATERIAL_MODIFY_REASON = "CFX.Structures.MaterialModifyReason" { 0 "Unspecified", 1 "InformationWasIncorrect", 2 "ManualCountAndQuantityUpdate", 3 "SensorTriggeredCorrection" }
    ACTOR_TYPE = "CFX.Structures.ActorType" { 0 "Human", 1 "Robot", 2 "RemoteSystem" }
    WORK_ORDER_STATUS = "CFX.Structures.WorkOrderStatus" { 0 "AwaitingApproval", 1 "ApprovedAndPending", 2 "Scheduled", 3 "InProcess", 4 "Completed", 5 "Closed", 6 "OnHold", 7 "Cancelled" }
    STATUS_RESULT = "CFX.Structures.StatusResult" { 0 "Success", 1 "PartialSuccess", 2 "Failed", 3 "Warning" }
    RESOURCE_STATE = "CFX.Structures.ResourceState" { 1000 "PRD", 1100 "PRD_RegularWork", 1200 "PRD_WorkForThirdParties", 1300 "PRD_Rework", 1400 "PRD_Engineering", 2000 "SBY", 2100 "SBY_NoOperator", 2200 "SBY_NoProduct", 2201 "SBY_NoProductBlocked", 2202 "SBY_NoProductStarved", 2300 "SBY_NoSupportTool", 2400 "SBY_AssociatedClusterModuleDown", 2500 "SBY_NoHost", 3000 "ENG", 3100 "ENG_ProcessExperiments", 3200 "ENG_EquipmentExperiments", 4000 "SDT", 4100 "SDT_UserMaintenanceDelay", 4200 "SDT_SuppliedMaintenanceDelay", 4300 "SDT_PreventiveMaintenance", 4400 "SDT_ChangeOfConsumables", 4500 "SDT_Setup", 4600 "SDT_ProductionTest", 4700 "SDT_FacilitiesRelated", 5000 "USD", 5100 "USD_UserMaintentanceDelay", 5200 "USD_SuppliedMaintenanceDelay", 5300 "USD_Repair", 5400 "USD_OutOfSpecInputMaterial", 5500 "USD_ChangeOfConsumables", 5600 "USD_FacilitiesRelated", 6000 "NST", 6100 "NST_UnworkedShifts", 6200 "NST_EquipmentInstallation", 6300 "NST_EquipmentModifications", 6400 "NST_OfflineTraining", 6500 "NST_ShutdownAndStartup" }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cfx::person;

    #[derive(serde::Deserialize)]
    struct Dictionary {
        classes: BTreeMap<String, Class>,
        enums: BTreeMap<String, Vec<String>>,
    }

    #[derive(serde::Deserialize)]
    struct Class {
        base: Option<String>,
        properties: Vec<Property>,
    }

    #[derive(serde::Deserialize)]
    struct Property {
        name: String,
        #[serde(rename = "type")]
        kind: String,
    }

    fn dictionary() -> Dictionary {
        let samples = std::env::var("TRACEWRIGHT_SAMPLES")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/samples").to_owned());
        let path = format!("{samples}/cfx/dictionary.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("no samples at `{path}` ({error}); set TRACEWRIGHT_SAMPLES to their folder")
        });
        serde_json::from_str(&text).expect("the dictionary reads")
    }

    #[test]
    fn the_table_is_the_dictionary() {
        let dictionary = dictionary();
        let messages: Vec<&str> = dictionary
            .classes
            .iter()
            .filter(|(_, class)| class.base.as_deref() == Some("CFXMessage"))
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(MESSAGES, messages);
        for words in ALL {
            let ours: Vec<&str> = words.words.iter().map(|(_, word)| *word).collect();
            assert_eq!(dictionary.enums[words.name], ours, "{}", words.name);
        }
    }

    #[test]
    fn members_are_the_dictionary_s() {
        assert!(MEMBERS.is_sorted());
        let dictionary = dictionary();
        let properties: std::collections::BTreeSet<String> = dictionary
            .classes
            .values()
            .flat_map(|class| &class.properties)
            .map(|property| property.name.to_lowercase())
            .collect();
        // The class of all measurements is not in the extract.
        let measurement = ["components", "crds", "measurementname", "sequence", "timerecorded"];
        for member in MEMBERS {
            assert!(properties.contains(*member) || measurement.contains(member), "{member}");
        }
        assert!(is_member("ParentCarrier") && !is_member("Vendors"));
    }

    #[test]
    fn every_person_of_the_standard_is_known_and_nothing_is_taken_for_a_secret() {
        let mut doubtful = Vec::new();
        for (class, details) in dictionary().classes {
            for property in details.properties {
                let person = matches!(property.kind.as_str(), "Operator" | "List<Operator>")
                    || class == "CFX.Structures.Operator" && property.kind == "string";
                let named = person::names_person(&property.name);
                assert!(named || !person, "{class}.{}", property.name);
                assert!(!person::names_secret(&property.name), "{class}.{}", property.name);
                if named && !person {
                    doubtful.push(format!("{class}.{}: {}", property.name, property.kind));
                }
            }
        }
        // A text that may be a person or a machine is covered.
        assert_eq!(
            doubtful,
            [
                "CFX.Materials.Transport.CreateTransportOrderRequest.StartedBy: string",
                "CFX.Materials.Transport.StartTransferRequest.StartedBy: string"
            ]
        );
    }
}
