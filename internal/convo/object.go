package convo

import "time"

// ObjectKind names a kind of configuration objects. The words are stored.
type ObjectKind string

// The kinds of configuration objects.
const (
	ObjectBot      ObjectKind = "bot"
	ObjectSkillset ObjectKind = "skillset"
	ObjectAbility  ObjectKind = "ability"
	ObjectSecret   ObjectKind = "secret"
	ObjectRating   ObjectKind = "rating"

	ObjectDataset     ObjectKind = "dataset"
	ObjectFile        ObjectKind = "file"
	ObjectDatasetFile ObjectKind = "datasetfile"
	ObjectContact     ObjectKind = "contact"
)

// ObjectKinds lists all kinds, those first that others belong to or name.
func ObjectKinds() []ObjectKind {
	return []ObjectKind{
		ObjectSecret, ObjectSkillset, ObjectAbility, ObjectFile, ObjectDataset, ObjectDatasetFile, ObjectBot, ObjectRating,
		ObjectContact,
	}
}

// Parent is the kind of what objects of this kind belong to, and go with; "" if
// they belong to nothing.
func (k ObjectKind) Parent() ObjectKind {
	switch k {
	case ObjectAbility:
		return ObjectSkillset
	case ObjectRating:
		return ObjectBot
	case ObjectDatasetFile:
		return ObjectDataset
	}
	return ""
}

// Object is something that a tenant configures: a bot, a skillset, an ability, a
// secret; or a vote on one. It has no log: what it is now is all there is of it.
type Object struct {
	Tenant string
	ID     string
	Parent string // the id of what it belongs to, of the kind [ObjectKind.Parent]
	// Number is unique among the tenant's objects of the kind, and never given
	// twice; 0 = none.
	Number int64
	// Unlisted objects work and are in no list: the configuration declared
	// them once, and does no more.
	Unlisted bool
	ObjectFields
	Body    ObjectBody
	Sealed  []byte // a secret's value, encrypted; nil = there is none
	Created time.Time
	Updated time.Time
}

// ObjectFields is what callers may set on an object of any kind. nil = never
// given, or cleared.
type ObjectFields struct {
	Name        *string
	Description *string
	Meta        JSON    // an object, at most 64 KiB
	Alias       *string // a second id, unique among the tenant's objects of the kind
	BlueprintID *string // kept for callers, without effect
	Visibility  *string // nil = private
}

// ObjectBody is what an object of a kind has beside the fields of all: [Bot],
// [Skillset], [Ability], [Secret], [Rating], [Dataset], [Stored], [DatasetFile] or
// [Contact].
type ObjectBody interface {
	ObjectKind() ObjectKind
}

// MaxNumber bounds the numbers of objects and folders. All readers of JSON take
// numbers up to here, and the next one is never out of range.
const MaxNumber = 1<<53 - 1

// Kind is the kind of the object's body; "" without one.
func (o Object) Kind() ObjectKind {
	if o.Body == nil {
		return ""
	}
	return o.Body.ObjectKind()
}

// Size is about how many bytes an object holds.
func (o Object) Size() int {
	f := o.ObjectFields
	n := len(o.ID) + len(o.Parent) + len(o.Sealed) + sizeOf(f.Name) + sizeOf(f.Description) + len(f.Meta) +
		sizeOf(f.Alias) + sizeOf(f.BlueprintID)
	switch b := o.Body.(type) {
	case BotConfig:
		n += sizeOf(b.Model) + sizeOf(b.Backstory)
	case Ability:
		n += len(b.Instruction)
	case Secret:
		n += len(b.Config)
	case Rating:
		n += len(b.Reason)
	case Dataset:
		n += sizeOf(b.MatchInstruction) + sizeOf(b.MismatchInstruction) + sizeOf(b.Separators)
	case Stored:
		n += len(b.Address) + len(b.Name)
	case DatasetFile:
		n += len(b.Error)
	case Contact:
		n += sizeOf(b.Email) + sizeOf(b.Phone) + sizeOf(b.Nick) + sizeOf(b.Preferences)
	}
	return n
}

// The values of a visibility.
const (
	Private   = "private"
	Protected = "protected"
	Public    = "public"
)

// Rating is a vote on the bot that it belongs to.
type Rating struct {
	Value  int
	Reason string
}

// ObjectKind implements ObjectBody.
func (Rating) ObjectKind() ObjectKind { return ObjectRating }
