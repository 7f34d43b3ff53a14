// Package configured makes tools of what the configuration file says of its
// agents: a request to somewhere, or a fixed result.
//
// It promises that a tool which New accepts can be called: its name, its schema
// and its templates are checked then, and an error says where in the file it
// is. What a model gives is encoded for the place where it is filled in, and can
// neither lead a request elsewhere nor end what it stands in.
//
// The operator wrote the addresses, so their hosts may be called although they
// are not on the public internet. That holds for the tool that names them, and
// not for redirections to other hosts.
package configured
