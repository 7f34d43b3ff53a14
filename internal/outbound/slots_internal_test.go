package outbound

import (
	"context"
	"testing"
)

func TestATenantTakesNoMoreThanItsShare(t *testing.T) {
	t.Parallel()
	s := newSlots(3, 2)
	enter := func(tenant string) func() {
		t.Helper()
		leave, err := s.enter(WithTenant(t.Context(), tenant))
		if err != nil {
			t.Fatal(err)
		}
		return leave
	}
	first, second := enter("a"), enter("a")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 { // where there is room, half of them would find it
		if _, err := s.enter(WithTenant(gone, "a")); err == nil {
			t.Fatal("a third request of the tenant runs")
		}
	}
	other := enter("b")
	for range 50 {
		if _, err := s.enter(gone); err == nil {
			t.Fatal("a fourth request runs")
		}
	}
	first()
	third := enter("a")
	for _, leave := range []func(){second, other, third} {
		leave()
	}
	if len(s.shares) != 0 || len(s.all) != 0 {
		t.Errorf("%d shares and %d requests are left", len(s.shares), len(s.all))
	}
}
