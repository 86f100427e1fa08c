"""The one-stop desk: its lists come in, dossiers move, come due and are told of; officials see the whole trail."""
