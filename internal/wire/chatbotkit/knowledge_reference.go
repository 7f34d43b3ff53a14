package chatbotkit

func datasetReferences() map[string]reference {
	return map[string]reference{
		"listDatasets": {summary: "List datasets", description: "All datasets of the account, a page at a time, or as lines all of them.",
			answer: listOf[datasetObject]("A page of datasets.")},
		"createDataset": {summary: "Create a dataset",
			description: "Makes a set for records, which searches and turns find what they need in. Bots and conversations name it by its id.",
			example:     `{"name":"Handbook","searchMaxRecords":3}`, answer: with[idObject]("The id of the new dataset.")},
		"fetchDataset": {summary: "Fetch a dataset", description: "One dataset, without its records.", answer: with[datasetObject]("The dataset.")},
		"updateDataset": {summary: "Update a dataset",
			description: "Changes the members that are given. null clears one. How files are split holds from the next time that they are indexed.",
			example:     `{"searchMinScore":0.2}`, answer: with[idObject]("The id of the dataset.")},
		"deleteDataset": {summary: "Delete a dataset", description: "Removes it with its records. Files that it has stay.",
			example: `{}`, answer: with[idObject]("The id of what is gone.")},
		"searchDataset": {summary: "Search a dataset",
			description: "Finds records by their words, and where the server embeds texts by what they mean, the best first. What was stored before the request is found, and what was deleted is not.",
			example:     `{"search":"What is a parley?","filter":{"lang":"en"}}`, answer: with[searchedObject]("The records, each with its score from 0 to 1.")},
	}
}

func recordReferences() map[string]reference {
	return map[string]reference{
		"listDatasetRecords": {summary: "List records", description: "The records of a dataset, the oldest first.",
			answer: listOf[recordObject]("A page of records.")},
		"exportDatasetRecords": {summary: "Export records",
			description: "The list once more, also as CSV for spreadsheets: ask with Accept: text/csv.",
			answer:      asCSV(listOf[recordObject]("A page of records, or all as lines or rows."))},
		"createDatasetRecord": {summary: "Create a record", description: "Adds a text to a dataset. The next search finds it.",
			example: `{"text":"A parley is a talk between enemies.","source":"handbook.md","meta":{"lang":"en"}}`,
			answer:  with[idObject]("The id of the new record.")},
		"fetchDatasetRecord": {summary: "Fetch a record", description: "One record of a dataset.", answer: with[recordObject]("The record.")},
		"updateDatasetRecord": {summary: "Update a record",
			description: "Changes the members that are given. null clears one. A record of a file is made anew when the file is.",
			example:     `{"meta":{"lang":"de"}}`, answer: with[idObject]("The id of the record.")},
		"deleteDatasetRecord": {summary: "Delete a record", description: "Removes it. No search finds it from then on.",
			example: `{}`, answer: with[idObject]("The id of what is gone.")},
	}
}

func datasetFileReferences() map[string]reference {
	return map[string]reference{
		"listDatasetFiles": {summary: "List the files of a dataset",
			description: "The files whose text the dataset has as records, each with how far these have got: waiting, indexing, indexed or failed, with the error.",
			answer:      listOf[datasetFileObject]("A page of files.")},
		"attachDatasetFile": {summary: "Attach a file",
			description: "Makes records of a file's text, in the background, and anew whenever the file gets other content. Until they are there the old ones are found. Text, Markdown, HTML, CSV, JSON, PDF and DOCX are read.",
			example:     `{"type":"source"}`, answer: with[idObject]("The id of the file.")},
		"detachDatasetFile": {summary: "Detach a file", description: "Takes a file out of a dataset. Its records stay unless they are to be deleted.",
			example: `{"deleteRecords":true}`, answer: with[idObject]("The id of the file.")},
		"syncDatasetFile": {summary: "Index a file again", description: "Makes the records of a file anew, by the settings of the dataset as they are now.",
			example: `{}`, answer: with[idObject]("The id of the file.")},
	}
}

func fileReferences() map[string]reference {
	return map[string]reference{
		"listFiles": {summary: "List files", description: "All files of the account, without their content.", answer: listOf[fileObject]("A page of files.")},
		"createFile": {summary: "Create a file", description: "Makes a file. Its content comes by an upload.",
			example: `{"name":"Handbook"}`, answer: with[idObject]("The id of the new file.")},
		"fetchFile": {summary: "Fetch a file", description: "One file, without its content.", answer: with[fileObject]("The file.")},
		"updateFile": {summary: "Update a file", description: "Changes the members that are given. null clears one.",
			example: `{"visibility":"public"}`, answer: with[idObject]("The id of the file.")},
		"deleteFile": {summary: "Delete a file", description: "Removes it with its content, and the records that datasets have of it.",
			example: `{}`, answer: with[idObject]("The id of what is gone.")},
		"syncFile": {summary: "Sync a file",
			description: "Reads the content again from the address that it was read from, if it was, and has its datasets index it anew.",
			example:     `{}`, answer: with[idObject]("The id of the file."), fetches: true},
		"uploadFile": {summary: "Upload the content of a file",
			description: "Takes content in place of an earlier one: the body of the request itself, with its Content-Type; a form with a part named file; a data: URL; or an address of the web, from which it is read. Content that is announced with its type and size is put to the address in the answer, which needs no token, for an hour.",
			example:     `{"file":{"type":"text/markdown","size":1024,"name":"handbook.md"}}`,
			answer:      with[uploadedObject]("The id of the file, and where announced content goes."), takes: []string{"multipart/form-data", "*/*"}, fetches: true},
		"downloadFile": {summary: "Download a file",
			description: "The content of a file. That of a public file needs no token. Content of type application/json is sent as text/json, because clients would take it apart.",
			answer:      bytesOf("The content.")},
		"putBlob": {summary: "Put announced content",
			description: "Takes the content of a file at the address that its upload was answered with. It needs no token.",
			answer:      nothingBut("It was stored."), takes: []string{"*/*"}},
	}
}
