# Installation and the Debian package. `make install DESTDIR=... PREFIX=/usr` is what ops/debian/rules calls.
SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),,$(PREFIX))/etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
MANDIR ?= $(PREFIX)/share/man
SHARE = $(DESTDIR)$(PREFIX)/share
COMPLETION = $(SHARE)/bash-completion/completions/nhip
COMMANDS = $(shell sed -n 's/^    {"\([a-z]*\)", cmd_.*/\1/p' aggregate/main.c)
UNITS := nhip.service nhip-snapshot.service nhip-snapshot.timer nhip-archive.service nhip-archive.timer
PAGES = $(BUILD)/man/nhip.1 $(BUILD)/man/nhip.conf.5 $(COMMANDS:%=$(BUILD)/man/nhip-%.1)
DEB = $(BUILD)/deb/nhip-$(VERSION)

.PHONY: man install uninstall deb

man: $(PAGES) ## man pages, made from the help texts and the table of settings, under build/man/

.DELETE_ON_ERROR:
$(BUILD)/man: ; $(Q)mkdir -p $@
$(BUILD)/man/nhip.1: $(BUILD)/nhip | $(BUILD)/man ; $(Q)$< help --man >$@
$(BUILD)/man/nhip.conf.5: $(BUILD)/nhip | $(BUILD)/man ; $(Q)$< config --man >$@
$(BUILD)/man/nhip-%.1: $(BUILD)/nhip | $(BUILD)/man ; $(Q)$< help --man $* >$@

install: all man ## install into DESTDIR/PREFIX: program, man pages, completion, units, definitions, documents
	install -D -m 755 $(BUILD)/nhip $(DESTDIR)$(PREFIX)/bin/nhip
	install -d $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(UNITDIR) $(SHARE)/doc/nhip/ops $(SHARE)/doc/nhip/schemas
	install -m 644 $(filter %.1,$(PAGES)) $(DESTDIR)$(MANDIR)/man1
	install -m 644 $(filter %.5,$(PAGES)) $(DESTDIR)$(MANDIR)/man5
	install -D -m 644 ops/completion/nhip.bash $(COMPLETION)
	install -D -m 644 schemas/indicators.json $(SHARE)/nhip/indicators.json
	install -D -m 644 -t $(SHARE)/nhip/mappings schemas/mappings/*.json
	install -D -m 644 -t $(SHARE)/nhip/prometheus ops/prometheus/*.yml
	install -D -m 644 -t $(SHARE)/nhip/grafana ops/grafana/*.json
	install -m 644 README.md ops/nhip.conf.example $(SHARE)/doc/nhip
	install -m 644 ops/*.md $(SHARE)/doc/nhip/ops
	install -m 644 schemas/*.md schemas/*.json schemas/*.example.csv $(SHARE)/doc/nhip/schemas
	for unit in $(UNITS); do sed 's,/usr/bin/,$(PREFIX)/bin/,; s,/etc/nhip/,$(SYSCONFDIR)/nhip/,g' ops/systemd/$$unit \
	    >$(DESTDIR)$(UNITDIR)/$$unit || exit 1; chmod 644 $(DESTDIR)$(UNITDIR)/$$unit; done
	test -e $(DESTDIR)$(SYSCONFDIR)/nhip/nhip.conf || install -D -m 644 ops/systemd/nhip.conf $(DESTDIR)$(SYSCONFDIR)/nhip/nhip.conf

uninstall: ## remove what install put there; SYSCONFDIR/nhip stays
	rm -rf $(DESTDIR)$(PREFIX)/bin/nhip $(SHARE)/nhip $(SHARE)/doc/nhip $(COMPLETION)
	rm -f $(PAGES:$(BUILD)/man/%.1=$(DESTDIR)$(MANDIR)/man1/%.1) $(DESTDIR)$(MANDIR)/man5/nhip.conf.5
	rm -f $(UNITS:%=$(DESTDIR)$(UNITDIR)/%)

# The layout of the tree is fixed, so debian/ stands only in the copy in which the package is built.
deb: deps ## build/deb/nhip_*.deb, from the committed files; tests/deb.sh installs, upgrades and purges it
	$(Q)rm -rf $(BUILD)/deb && mkdir -p $(DEB)
	$(Q)git archive HEAD | tar -x -C $(DEB)
	$(Q)cp -r $(DEB)/ops/debian $(DEB)/debian
	$(Q)cd $(DEB) && COMMIT=$(COMMIT) dpkg-buildpackage -us -uc -b
	$(Q)rm -rf $(DEB) && ls $(BUILD)/deb
