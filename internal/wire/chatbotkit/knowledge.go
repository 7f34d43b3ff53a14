package chatbotkit

import (
	"net/http"
	"reflect"
)

// knowledgeOperations are the rows of the table for what answers are made of:
// datasets, their records, and files.
func knowledgeOperations() []operation {
	const (
		dataset = "/dataset/{datasetId}"
		record  = dataset + "/record/{recordId}"
		entry   = dataset + "/file/{fileId}"
		file    = "/file/{fileId}"
	)
	newest, oldest := newestFirst.declared(), oldestFirst.declared()
	return []operation{
		get("listDatasets", "/dataset/list", account, listsObjects(datasets(), newestFirst, showDataset), newest...),
		post("createDataset", "/dataset/create", account, creates[createDatasetRequest](datasets(), emptyDataset)),
		get("fetchDataset", dataset+"/fetch", account, fetches(datasets(), showDataset)),
		post("updateDataset", dataset+"/update", account, updates[datasetRequest](datasets())),
		post("deleteDataset", dataset+"/delete", account, deletes(datasets())),
		post("searchDataset", dataset+"/search", account, searchDataset),

		get("listDatasetRecords", dataset+"/record/list", account, listRecords, oldest...),
		get("exportDatasetRecords", dataset+"/record/export", account, exportRecords, oldest...),
		post("createDatasetRecord", dataset+"/record/create", account, createRecord),
		get("fetchDatasetRecord", record+"/fetch", account, fetchRecord),
		post("updateDatasetRecord", record+"/update", account, updateRecord),
		post("deleteDatasetRecord", record+"/delete", account, deleteRecord),

		get("listDatasetFiles", dataset+"/file/list", account, listDatasetFiles, newest...),
		post("attachDatasetFile", entry+"/attach", account, attachFile),
		post("detachDatasetFile", entry+"/detach", account, detachFile),
		post("syncDatasetFile", entry+"/sync", account, syncDatasetFile),

		get("listFiles", "/file/list", account, listsObjects(files(), newestFirst, showFile), newest...),
		post("createFile", "/file/create", account, creates[fileRequest](files(), emptyFile)),
		get("fetchFile", file+"/fetch", account, fetches(files(), showFile)),
		post("updateFile", file+"/update", account, updates[fileRequest](files())),
		post("deleteFile", file+"/delete", account, deleteFile),
		post("syncFile", file+"/sync", account, syncFile),
		uploads("uploadFile", file+"/upload", account, uploadFile),
		open(get("downloadFile", file+"/download", account, downloadFile)),
		open(operation{name: "putBlob", method: http.MethodPut, path: "/blob/{key}", handle: putBlob}),
	}
}

// uploads is an operation that takes content in any of the forms of an upload.
func uploads(name, path string, who bool, handle func(*call) error) operation {
	return operation{
		name: name, method: http.MethodPost, path: path, session: who, request: reflect.TypeFor[uploadRequest](), handle: handle,
	}
}

// open is an operation that may be asked for without a token.
func open(o operation) operation {
	o.open = true
	return o
}
