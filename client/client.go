package client

import (
	"net/http"
	"net/url"
	"sync/atomic"
)

// Client calls a server. Make it with [New]; it may be used by many goroutines
// and needs no closing.
type Client struct {
	Conversation *ConversationService
	Channel      *ChannelService
	Bot          *BotService
	Skillset     *SkillsetService
	Secret       *SecretService
	Dataset      *DatasetService
	File         *FileService
	Contact      *ContactService
	Memory       *MemoryService
	Event        *EventService
	Usage        *UsageService
	Platform     *PlatformService

	defaults *settings // behind a pointer, which %+v and %#v do not follow to the secret
}

// PlatformService tells what the server offers.
type PlatformService struct {
	Model *ModelService
}

// New makes a client. It asks nothing yet: without [WithSecret] the first call
// is refused by the server, and without [WithBaseURL] it goes to this machine.
func New(options ...Option) (*Client, error) {
	base, err := url.Parse(DefaultBaseURL)
	if err != nil {
		return nil, err
	}
	c := &Client{defaults: &settings{
		base: base, parley: new(atomic.Bool), header: http.Header{},
		retries: DefaultRetries, resumes: DefaultResumes, idle: DefaultIdleTimeout,
		http: &http.Client{CheckRedirect: stay},
	}}
	for _, option := range options {
		if err := option(c.defaults); err != nil {
			return nil, err
		}
	}
	c.Conversation = &ConversationService{
		Message:    &MessageService{client: c},
		Session:    &SessionService{client: c},
		Contact:    &ConversationContactService{client: c},
		Attachment: newConversationAttachmentService(c),
		client:     c,
	}
	c.Channel = &ChannelService{client: c}
	c.Bot = newBotService(c)
	c.Skillset = newSkillsetService(c)
	c.Secret = newSecretService(c)
	c.Dataset = newDatasetService(c)
	c.File = newFileService(c)
	c.Contact = newContactService(c)
	c.Memory = newMemoryService(c)
	c.Event = &EventService{Log: &EventLogService{client: c}}
	c.Usage = &UsageService{Series: &UsageSeriesService{client: c}, client: c}
	c.Platform = &PlatformService{Model: &ModelService{client: c}}
	return c, nil
}

// URL is the address of the server.
func (c *Client) URL() *url.URL {
	u := *c.defaults.base
	return &u
}

// String is the address of the server. Whoever prints a client, or logs it,
// sees that, and not its secret.
func (c Client) String() string { return c.defaults.base.String() }
