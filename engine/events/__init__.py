"""Shoppers' events online: checked, given names that hide whose they are, recorded, forgotten, expired."""
