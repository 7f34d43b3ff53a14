package convo

// Skillset is a set of abilities: the objects that belong to it.
type Skillset struct{}

// ObjectKind implements ObjectBody.
func (Skillset) ObjectKind() ObjectKind { return ObjectSkillset }
