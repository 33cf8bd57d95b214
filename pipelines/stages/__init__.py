"""The stages, one public function each, in the order land, validate, tag, firewall, publish, release."""
