package record_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/record"
)

func objectBodies() []convo.ObjectBody {
	return []convo.ObjectBody{
		convo.BotConfig{}, convo.Skillset{}, convo.Ability{}, convo.Secret{}, convo.Rating{},
		convo.Dataset{}, convo.Stored{}, convo.DatasetFile{}, convo.Contact{},
	}
}

// fullObject has a value of its own in every field that the record keeps.
func fullObject(t *testing.T, body convo.ObjectBody) convo.Object {
	t.Helper()
	n := 0
	v := reflect.New(reflect.TypeOf(body)).Elem()
	fill(t, v, &n)
	return convo.Object{
		Body:         v.Interface().(convo.ObjectBody),
		ObjectFields: convo.ObjectFields{Description: new("d"), BlueprintID: new("b"), Visibility: new("public")},
	}
}

func TestEveryFieldOfAnObjectSurvives(t *testing.T) {
	t.Parallel()
	for _, body := range objectBodies() {
		for _, want := range []convo.Object{fullObject(t, body), {Body: body}} {
			data, err := record.EncodeObject(want)
			if err != nil {
				t.Fatal(err)
			}
			var got convo.Object
			if err := record.DecodeObject(&got, body.ObjectKind(), data); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s\n got %#v\nwant %#v", data, got, want)
			}
		}
	}
}

// TestObjectsAreStoredAsTheyWere holds the keys that are written: data of every
// version has to be read by later ones.
func TestObjectsAreStoredAsTheyWere(t *testing.T) {
	t.Parallel()
	golden := map[convo.ObjectKind]string{
		convo.ObjectBot:      `{"d":"d","b":"b","v":"public","bot":{"cm":"s4 <&> é","cb":"s6 <&> é","cd":"s8 <&> é","cs":"s10 <&> é","cp":true,"co":true,"cu":true,"f":35651584,"d":true}}`,
		convo.ObjectSkillset: `{"d":"d","b":"b","v":"public"}`,
		convo.ObjectAbility:  `{"d":"d","b":"b","v":"public","ability":{"i":"s2 <&> é","s":"s4 <&> é","f":"s6 <&> é","b":"s8 <&> é","p":"s10 <&> é"}}`,
		convo.ObjectSecret:   `{"d":"d","b":"b","v":"public","secret":{"s":"s2 <&> é","t":"s3 <&> é","c":"{ \"n\": 4.0 }"}}`,
		convo.ObjectRating:   `{"d":"d","b":"b","v":"public","rating":{"v":4194304,"r":"s3 <&> é"}}`,

		convo.ObjectDataset:     `{"d":"d","b":"b","v":"public","dataset":{"s":"s3 <&> é","r":"s5 <&> é","t":14680064,"sc":2.25,"sr":23068672,"st":27262976,"m":"s15 <&> é","mm":"s17 <&> é","se":"s19 <&> é","d":true}}`,
		convo.ObjectFile:        `{"d":"d","b":"b","v":"public","file":{"a":"s2 <&> é","n":"s3 <&> é","t":"s4 <&> é","s":10485760,"u":"s6 <&> é","at":1700000000007,"d":["s9 <&> é","s10 <&> é"]}}`,
		convo.ObjectDatasetFile: `{"d":"d","b":"b","v":"public","datasetfile":{"f":"s2 <&> é","t":"s3 <&> é","u":"s4 <&> é","s":"s5 <&> é","d":12582912,"n":14680064,"e":"s8 <&> é"}}`,
		convo.ObjectContact:     `{"d":"d","b":"b","v":"public","contact":{"e":"s3 <&> é","p":"s5 <&> é","n":"s7 <&> é","pr":"s9 <&> é","v":1700000000010}}`,
	}
	for _, body := range objectBodies() {
		data, err := record.EncodeObject(fullObject(t, body))
		if err != nil {
			t.Fatal(err)
		}
		if want := golden[body.ObjectKind()]; string(data) != want {
			t.Errorf("%s\n got %s\nwant %s", body.ObjectKind(), data, want)
		}
	}
}

func TestAnUnknownKindOfObjectsIsAnError(t *testing.T) {
	t.Parallel()
	var o convo.Object
	if err := record.DecodeObject(&o, "spaceship", nil); err == nil {
		t.Error("it was decoded")
	}
	if _, err := record.EncodeObject(o); err == nil {
		t.Error("an object without a body was encoded")
	}
}

func FuzzDecodeObject(f *testing.F) {
	for _, body := range objectBodies() {
		f.Add(string(body.ObjectKind()), []byte(`{"d":"x","bot":{"cm":"m"}}`))
	}
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		var o convo.Object
		if record.DecodeObject(&o, convo.ObjectKind(kind), data) != nil {
			return
		}
		again, err := record.EncodeObject(o)
		if err != nil || len(again) > 0 && !json.Valid(again) {
			t.Errorf("%q is encoded as %q: %v", data, again, err)
		}
	})
}

func TestEveryFieldOfARecordThatIsFoundSurvives(t *testing.T) {
	t.Parallel()
	want := convo.Record{
		RecordFields: convo.RecordFields{Name: new("n"), Description: new("d"), Source: new("")},
		Place:        3, Title: "t", Page: 4,
	}
	data, err := record.EncodeFound(want)
	if err != nil {
		t.Fatal(err)
	}
	if golden := `{"n":"n","d":"d","s":"","p":3,"t":"t","pg":4}`; string(data) != golden {
		t.Errorf("stored as %s", data)
	}
	var got convo.Record
	if err := record.DecodeFound(&got, data); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v", got, err)
	}
	if data, err := record.EncodeFound(convo.Record{}); data != nil || err != nil {
		t.Errorf("nothing is stored as %q, %v", data, err)
	}
	if err := record.DecodeFound(&got, []byte("{")); err == nil {
		t.Error("damaged data was read")
	}
}
